// A value, or the reason why there is none. The part of std::expected used here.
#pragma once

#include <cassert>
#include <optional>
#include <utility>
#include <variant>

#include <aldis/codec/fault.hpp>

namespace aldis::codec {

/// Holds a `T` or an `E`. Test it before use: dereferencing a failure is a programming error (asserted).
template <class T, class E = fault>
class [[nodiscard]] result {
public:
    constexpr result(T value) noexcept : held_(std::in_place_index<0>, std::move(value)) {}
    constexpr result(E error) noexcept : held_(std::in_place_index<1>, std::move(error)) {}

    /// Holds a default `T`, to be filled in place.
    constexpr explicit result(std::in_place_t) noexcept : held_(std::in_place_index<0>) {}

    constexpr bool has_value() const noexcept { return held_.index() == 0; }
    constexpr explicit operator bool() const noexcept { return has_value(); }

    constexpr T&       operator*() & noexcept { assert(has_value()); return *std::get_if<0>(&held_); }
    constexpr T const& operator*() const& noexcept { assert(has_value()); return *std::get_if<0>(&held_); }
    constexpr T&&      operator*() && noexcept { assert(has_value()); return std::move(*std::get_if<0>(&held_)); }
    constexpr T*       operator->() noexcept { return &**this; }
    constexpr T const* operator->() const noexcept { return &**this; }

    constexpr E const& error() const noexcept { assert(!has_value()); return *std::get_if<1>(&held_); }

private:
    std::variant<T, E> held_;
};

/// Success, or an `E`.
template <class E>
class [[nodiscard]] result<void, E> {
public:
    constexpr result() noexcept = default;
    constexpr result(E error) noexcept : error_(std::move(error)) {}

    constexpr bool has_value() const noexcept { return !error_; }
    constexpr explicit operator bool() const noexcept { return has_value(); }
    constexpr E const& error() const noexcept { assert(error_); return *error_; }

private:
    std::optional<E> error_;
};

} // namespace aldis::codec
