// Exit codes, and the words for a connection that was refused.
#include "exit_code.hpp"

#include <array>

#include <fmt/format.h>

namespace aldis::app {
namespace {

struct refusal_row {
    reason_code      reason;
    std::string_view v3_text;                                      // before 5.0; "" where it had no code
    std::string_view advice;
};

constexpr std::array refusals{
    refusal_row{reason_code::unsupported_protocol_version, "unacceptable protocol version", "Try another version with -V (5, 311, 31)."},
    refusal_row{reason_code::client_identifier_not_valid, "identifier rejected", "Try another client identifier with -i, or without -i."},
    refusal_row{reason_code::server_unavailable, "broker unavailable", "Try again later, or another broker."},
    refusal_row{reason_code::bad_user_name_or_password, "bad user name or password", "Check user name and password (-u, -P)."},
    refusal_row{reason_code::not_authorized, "not authorised",
                "Check user name and password (-u, -P), and whether the broker lets this client in."},
    refusal_row{reason_code::banned, "", "The broker has banned this client; ask its administrator."},
    refusal_row{reason_code::server_busy, "", "Try again later."},
    refusal_row{reason_code::quota_exceeded, "", "Try again later, or ask the broker's administrator for a larger quota."},
    refusal_row{reason_code::retain_not_supported, "", "The broker keeps no retained messages: leave out --will-retain."},
    refusal_row{reason_code::qos_not_supported, "", "Try a lower QoS for the Will (--will-qos)."},
    refusal_row{reason_code::packet_too_large, "", "Use a smaller Will or fewer properties."},
    refusal_row{reason_code::bad_authentication_method, "", "Check -D connect authentication-method."},
};

refusal_row const* find_refusal(reason_code reason) noexcept {
    for (auto const& row : refusals)
        if (row.reason == reason) return &row;
    return nullptr;
}

} // namespace

std::string refusal_text(reason_code reason, protocol version) {
    auto const* const row = find_refusal(reason);
    auto const advice = row != nullptr ? fmt::format(" {}", row->advice) : std::string{};
    if (is_v5(version)) return fmt::format("Connection error: {}.{}", name_of(reason), advice);
    auto const text = row != nullptr && !row->v3_text.empty() ? row->v3_text : std::string_view{"unknown reason"};
    return fmt::format("Connection error: Connection Refused: {}.{}", text, advice);
}

} // namespace aldis::app
