// A map from packet identifier to a small value: open addressing, since identifiers in use lie close together.
#pragma once

#include <cstddef>
#include <vector>

#include <aldis/codec/types.hpp>

namespace aldis::session {

/// Holds nothing until the first insert, 65,535 entries at most. Pointers live until the next insert or erase.
template <class T>
class id_map {
public:
    struct entry {
        packet_id id = 0;                                          // 0: free
        T         value{};
    };

    T* find(packet_id id) noexcept {
        if (size_ == 0) return nullptr;
        for (std::size_t at = id & mask();; at = (at + 1) & mask()) {
            if (entries_[at].id == id) return &entries_[at].value;
            if (entries_[at].id == 0) return nullptr;
        }
    }
    T const* find(packet_id id) const noexcept { return const_cast<id_map*>(this)->find(id); }

    /// `id` must not be 0 and not be there yet.
    void insert(packet_id id, T value) {
        if ((size_ + 1) * 4 > entries_.size() * 3) grow();
        place(id, std::move(value));
        ++size_;
    }

    void erase(packet_id id) noexcept {
        if (size_ == 0) return;
        std::size_t hole = id & mask();
        while (entries_[hole].id != id) {
            if (entries_[hole].id == 0) return;
            hole = (hole + 1) & mask();
        }
        // Entries that were pushed past the hole move back, so that no search ends too early.
        for (std::size_t next = (hole + 1) & mask(); entries_[next].id != 0; next = (next + 1) & mask()) {
            std::size_t const home = entries_[next].id & mask();
            if (((next - home) & mask()) < ((next - hole) & mask())) continue;
            entries_[hole] = std::move(entries_[next]);
            hole = next;
        }
        entries_[hole] = entry{};
        --size_;
    }

    void clear() noexcept { entries_.clear(); entries_.shrink_to_fit(); size_ = 0; }
    std::size_t size() const noexcept { return size_; }

    template <class Visitor>
    void for_each(Visitor&& visit) const {
        for (auto const& e : entries_)
            if (e.id != 0) visit(e.id, e.value);
    }

private:
    std::size_t mask() const noexcept { return entries_.size() - 1; }

    void place(packet_id id, T value) {
        std::size_t at = id & mask();
        while (entries_[at].id != 0) at = (at + 1) & mask();
        entries_[at] = entry{id, std::move(value)};
    }

    void grow() {
        std::vector<entry> old(entries_.empty() ? 8 : entries_.size() * 2);
        old.swap(entries_);
        for (auto& e : old)
            if (e.id != 0) place(e.id, std::move(e.value));
    }

    std::vector<entry> entries_{};                                 // a power of two of them, or none
    std::size_t        size_ = 0;
};

} // namespace aldis::session
