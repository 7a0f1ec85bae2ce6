// What the stages between TCP and the sink share: where to bring things, the keys, the memory that may be held.
#pragma once

#include <cstddef>
#include <utility>

#include "../source.hpp"

namespace aldis::app::dump {

class key_log;

/// Bytes that may wait in all; asked before each is kept.
class memory_budget {
public:
    explicit memory_budget(std::size_t most) noexcept : most_(most) {}

    bool take(std::size_t size) noexcept {
        if (size > most_ - held_) return false;
        held_ += size;
        return true;
    }
    void give(std::size_t size) noexcept { held_ -= size; }
    std::size_t held() const noexcept { return held_; }

private:
    std::size_t most_;
    std::size_t held_ = 0;
};

/// What one holder has taken of a budget; given back with it.
class budget_share {
public:
    budget_share() = default;
    budget_share(budget_share&& other) noexcept : of_(std::exchange(other.of_, nullptr)), taken_(std::exchange(other.taken_, 0)) {}
    budget_share& operator=(budget_share&& other) noexcept {
        std::swap(of_, other.of_);
        std::swap(taken_, other.taken_);
        return *this;
    }
    ~budget_share() { clear(); }

    /// Makes the share so large; false, and nothing changed, when there is not that much left.
    bool resize(memory_budget& of, std::size_t size) noexcept {
        if (size > taken_ && !of.take(size - taken_)) return false;
        if (size < taken_) of.give(taken_ - size);
        of_ = &of;
        taken_ = size;
        return true;
    }
    void clear() noexcept {
        if (of_) of_->give(taken_);
        taken_ = 0;
    }

private:
    memory_budget* of_ = nullptr;
    std::size_t    taken_ = 0;
};

/// Goes along with each call.
struct delivery {
    sink&          to;
    key_log&       keys;
    memory_budget& budget;
    byte_buffer&   scratch;                                         // for what is needed during one call
};

} // namespace aldis::app::dump
