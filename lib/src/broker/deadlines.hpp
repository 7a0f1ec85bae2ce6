// The deadlines of all connections and sessions of a broker, the next one first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <aldis/session/time.hpp>

namespace aldis::serving {

using session::time_point;

/// Something that can have one deadline. Not copied and not moved: the heap points to it.
class timed {
public:
    enum class kind : std::uint8_t { peer, member };

    explicit timed(kind what) noexcept : what_(what) {}
    timed(timed const&) = delete;
    timed& operator=(timed const&) = delete;

    kind       what() const noexcept { return what_; }
    bool       is_set() const noexcept { return at_ != none; }
    time_point due() const noexcept { return due_; }

protected:
    ~timed() = default;

private:
    friend class deadlines;
    static constexpr std::size_t none = static_cast<std::size_t>(-1);

    time_point  due_{};
    std::size_t at_ = none;
    kind        what_;
};

/// A heap that knows where its entries are: setting, moving and clearing cost the logarithm of their number, and no allocation each.
class deadlines {
public:
    bool       empty() const noexcept { return heap_.empty(); }
    time_point first() const noexcept { return heap_.front()->due_; }

    void set(timed& what, time_point due) {
        if (!what.is_set()) {
            what.at_ = heap_.size();
            heap_.push_back(&what);
        }
        what.due_ = due;
        rise(what.at_);
        sink(what.at_);
    }

    void clear(timed& what) noexcept {
        if (!what.is_set()) return;
        auto const place = std::exchange(what.at_, timed::none);
        auto* const last = heap_.back();
        heap_.pop_back();
        if (last == &what) return;
        put(place, last);
        rise(last->at_);
        sink(last->at_);
    }

    /// Takes the first one out if it is due.
    timed* take_due(time_point now) noexcept {
        if (heap_.empty() || first() > now) return nullptr;
        auto* const due = heap_.front();
        clear(*due);
        return due;
    }

private:
    void put(std::size_t place, timed* what) noexcept {
        heap_[place] = what;
        what->at_ = place;
    }

    void exchange(std::size_t a, std::size_t b) noexcept {
        auto* const moved = heap_[a];
        put(a, heap_[b]);
        put(b, moved);
    }

    void rise(std::size_t at) noexcept {
        for (; at > 0 && heap_[at]->due_ < heap_[(at - 1) / 2]->due_; at = (at - 1) / 2) exchange(at, (at - 1) / 2);
    }

    void sink(std::size_t at) noexcept {
        for (;;) {
            auto least = at;
            for (auto const child : {2 * at + 1, 2 * at + 2})
                if (child < heap_.size() && heap_[child]->due_ < heap_[least]->due_) least = child;
            if (least == at) return;
            exchange(at, least);
            at = least;
        }
    }

    std::vector<timed*> heap_{};
};

} // namespace aldis::serving
