// Why something failed, and the exception that says so: the tables of the five kinds.
#pragma once

#include <cstdint>
#include <string>

#include <aldis/codec/fault.hpp>
#include <aldis/codec/reason.hpp>
#include <aldis/error.hpp>

namespace aldis::blocking {

/// What was tried decides how a refusal is to be read: a server that is not for us, or one that does not want this message.
enum class asked_for : std::uint8_t { connection, publish, subscribe, unsubscribe, answer };

enum class kind : std::uint8_t { connection, authentication, validation, decode, protocol };

/// No error, or one with its story.
struct failure {
    error_code  code{};
    std::string cause{};

    explicit operator bool() const noexcept { return code.failed(); }
};

/// `ec` with the sentence of its category, or with the better one the transport has.
failure failed(error_code ec, std::string detail = {});

kind kind_of(error_code const& ec, asked_for what) noexcept;

/// Throws the exception for `why`; `tried` begins its sentence.
[[noreturn]] void raise(failure const& why, asked_for what, std::string const& tried);

/// The caller's mistake.
[[noreturn]] void raise_invalid(std::string const& tried, std::string cause, error_code code = error::invalid);
[[noreturn]] void raise_invalid(std::string const& tried, codec::errc flaw);

/// A call that would wait for itself.
[[noreturn]] void raise_in_handler(std::string const& function);

} // namespace aldis::blocking
