// Things found by a number that only rises: what waits for an answer.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace aldis {

/// Added in rising order of number, taken in about that order; then nothing is searched or allocated.
template <class T>
class numbered {
public:
    bool        empty() const noexcept { return count_ == 0; }
    std::size_t size() const noexcept { return count_; }

    T& add(std::uint64_t no, T value) {
        entries_.push_back({no, std::move(value)});
        ++count_;
        return *entries_.back().value;
    }

    bool has(std::uint64_t no) noexcept { return find(no) != entries_.end(); }

    std::optional<T> take(std::uint64_t no) {
        auto const at = find(no);
        if (at == entries_.end()) return std::nullopt;
        auto taken = std::exchange(at->value, std::nullopt);
        --count_;
        shrink();
        return taken;
    }

    std::optional<T> take_first() { return count_ == 0 ? std::nullopt : take(entries_[first_].no); }

    /// Of the first; only where there is one.
    std::uint64_t first_no() const noexcept { return entries_[first_].no; }

    T* first() noexcept { return count_ == 0 ? nullptr : &*entries_[first_].value; }

    /// The first for which `matches` is true.
    template <class Matches>
    std::optional<T> take_if(Matches matches) {
        for (auto at = begin(); at != entries_.end(); ++at)
            if (at->value && matches(*at->value)) return take(at->no);
        return std::nullopt;
    }

    /// All of them, in order; none are left.
    std::vector<T> take_all() {
        std::vector<T> all;
        all.reserve(count_);
        for (auto at = begin(); at != entries_.end(); ++at)
            if (at->value) all.push_back(std::move(*at->value));
        entries_.clear();
        first_ = count_ = 0;
        return all;
    }

private:
    struct entry {
        std::uint64_t    no;
        std::optional<T> value;
    };
    using iterator = typename std::vector<entry>::iterator;

    iterator begin() noexcept { return entries_.begin() + static_cast<std::ptrdiff_t>(first_); }

    iterator find(std::uint64_t no) noexcept {
        auto const at = std::lower_bound(begin(), entries_.end(), no, [](entry const& e, std::uint64_t n) { return e.no < n; });
        return at != entries_.end() && at->no == no && at->value ? at : entries_.end();
    }

    /// The first entry is always one that is there; what was taken before it is given back now and then.
    void shrink() {
        while (first_ < entries_.size() && !entries_[first_].value) ++first_;
        if (first_ == entries_.size()) {
            entries_.clear();
            first_ = 0;
        } else if (first_ > 64 && first_ * 2 > entries_.size()) {
            entries_.erase(entries_.begin(), begin());
            first_ = 0;
        }
    }

    std::vector<entry> entries_{};
    std::size_t        first_ = 0;
    std::size_t        count_ = 0;
};

} // namespace aldis
