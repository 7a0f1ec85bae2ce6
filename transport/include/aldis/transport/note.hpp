// What happens on the way to a connection, for logs: one note a step, and the story behind an error code.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include <aldis/transport/error.hpp>

namespace aldis::transport {

/// The steps of making a connection, in their order; those that do not apply are left out.
enum class phase : std::uint8_t { resolve, connect, proxy, tls, websocket };

inline constexpr std::size_t phase_count = 5;

/// "resolve", "connect", "proxy", "tls", "websocket".
std::string_view name_of(phase step) noexcept;

/// One line about an attempt.
class note {
public:
    enum class level : std::uint8_t { info, warning, failure };

    note(phase step, level weight, std::string text, error_code why = {}) : text_(std::move(text)), why_(why), step_(step), weight_(weight) {}

    phase              step() const noexcept { return step_; }
    /// warning: a safeguard is switched off. failure: this step, or one address of several, did not work.
    level              weight() const noexcept { return weight_; }
    /// One line for people, of printable characters: "connecting to [::1]:1883", "the certificate expired on 2026-01-31".
    std::string const& text() const noexcept { return text_; }
    /// What failed; no error for info and warning.
    error_code         why() const noexcept { return why_; }

private:
    std::string text_;
    error_code  why_;
    phase       step_;
    level       weight_;
};

/// Called on the executor of the operation, while it goes on; may not destroy or cancel it directly.
using observer = std::function<void(note const&)>;

} // namespace aldis::transport
