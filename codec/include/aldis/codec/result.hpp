// A value, or the reason why there is none. The part of std::expected used here.
#pragma once

#include <cassert>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include <aldis/codec/fault.hpp>

namespace aldis::codec {

/// How a result of plain data holds it. Unlike std::variant it can make the value in place without writing zeros first.
template <class T, class E>
class plain_alternatives {
public:
    /// Runs the initialisers of T's members; `T{}` would clear all of it before.
    explicit plain_alternatives(std::in_place_t) noexcept : holds_value_(true) { ::new (static_cast<void*>(&value_)) T; }
    constexpr explicit plain_alternatives(T const& value) noexcept : value_(value), holds_value_(true) {}
    constexpr explicit plain_alternatives(E const& error) noexcept : error_(error), holds_value_(false) {}

    constexpr T*       value() noexcept { return holds_value_ ? &value_ : nullptr; }
    constexpr T const* value() const noexcept { return holds_value_ ? &value_ : nullptr; }
    constexpr E const* error() const noexcept { return holds_value_ ? nullptr : &error_; }

private:
    union {
        T value_;
        E error_;
    };
    bool holds_value_;
};

/// How any other result does.
template <class T, class E>
class other_alternatives {
public:
    constexpr explicit other_alternatives(std::in_place_t) noexcept : held_(std::in_place_index<0>) {}
    constexpr explicit other_alternatives(T&& value) noexcept : held_(std::in_place_index<0>, std::move(value)) {}
    constexpr explicit other_alternatives(E&& error) noexcept : held_(std::in_place_index<1>, std::move(error)) {}

    constexpr T*       value() noexcept { return std::get_if<0>(&held_); }
    constexpr T const* value() const noexcept { return std::get_if<0>(&held_); }
    constexpr E const* error() const noexcept { return std::get_if<1>(&held_); }

private:
    std::variant<T, E> held_;
};

/// Holds a `T` or an `E`. Test it before use: dereferencing a failure is a programming error (asserted).
template <class T, class E = fault>
class [[nodiscard]] result {
public:
    constexpr result(T value) noexcept : held_(std::move(value)) {}
    constexpr result(E error) noexcept : held_(std::move(error)) {}

    /// Holds a default `T`, to be filled in place.
    explicit result(std::in_place_t in_place) noexcept : held_(in_place) {}

    constexpr bool has_value() const noexcept { return held_.value() != nullptr; }
    constexpr explicit operator bool() const noexcept { return has_value(); }

    constexpr T&       operator*() & noexcept { assert(has_value()); return *held_.value(); }
    constexpr T const& operator*() const& noexcept { assert(has_value()); return *held_.value(); }
    constexpr T&&      operator*() && noexcept { assert(has_value()); return std::move(*held_.value()); }
    constexpr T*       operator->() noexcept { return &**this; }
    constexpr T const* operator->() const noexcept { return &**this; }

    constexpr E const& error() const noexcept { assert(!has_value()); return *held_.error(); }

private:
    static constexpr bool is_plain = std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T> && std::is_trivially_copyable_v<E>;
    std::conditional_t<is_plain, plain_alternatives<T, E>, other_alternatives<T, E>> held_;
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
