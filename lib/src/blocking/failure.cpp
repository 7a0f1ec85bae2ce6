// From error codes to the five exceptions.
#include "failure.hpp"

#include <algorithm>
#include <array>
#include <system_error>

#include <boost/system/errc.hpp>

#include <aldis/exceptions.hpp>

namespace aldis::blocking {

namespace {

struct kind_row {
    reason_code code;
    kind        is;
};

/// CONNACK and DISCONNECT. What is not here is the end of a connection like any other. The five return codes of 3.1.1 arrive as
/// 0x84, 0x85, 0x88, 0x86, 0x87.
constexpr std::array rows{
    kind_row{reason_code::malformed_packet, kind::protocol},
    kind_row{reason_code::protocol_error, kind::protocol},
    kind_row{reason_code::implementation_specific_error, kind::protocol},
    kind_row{reason_code::unsupported_protocol_version, kind::protocol},
    kind_row{reason_code::client_identifier_not_valid, kind::validation},
    kind_row{reason_code::bad_user_name_or_password, kind::authentication},
    kind_row{reason_code::not_authorized, kind::authentication},
    kind_row{reason_code::server_unavailable, kind::protocol},
    kind_row{reason_code::server_busy, kind::protocol},
    kind_row{reason_code::banned, kind::authentication},
    kind_row{reason_code::bad_authentication_method, kind::authentication},
    kind_row{reason_code::topic_filter_invalid, kind::validation},
    kind_row{reason_code::topic_name_invalid, kind::validation},
    kind_row{reason_code::receive_maximum_exceeded, kind::protocol},
    kind_row{reason_code::topic_alias_invalid, kind::protocol},
    kind_row{reason_code::packet_too_large, kind::validation},
    kind_row{reason_code::quota_exceeded, kind::validation},
    kind_row{reason_code::payload_format_invalid, kind::validation},
    kind_row{reason_code::retain_not_supported, kind::validation},
    kind_row{reason_code::qos_not_supported, kind::validation},
    kind_row{reason_code::shared_subscriptions_not_supported, kind::validation},
    kind_row{reason_code::subscription_identifiers_not_supported, kind::validation},
    kind_row{reason_code::wildcard_subscriptions_not_supported, kind::validation},
};
static_assert(std::ranges::is_sorted(rows, {}, &kind_row::code));

} // namespace

failure failed(error_code ec, std::string detail) { return {ec, !ec.failed() ? std::string() : detail.empty() ? ec.message() : std::move(detail)}; }

kind kind_of(error_code const& ec, asked_for what) noexcept {
    bool const is_connecting = what == asked_for::connection;
    if (ec == condition::refused) {
        if (!is_connecting) return kind::validation;
        auto const row = std::ranges::find(rows, reason_of(ec), &kind_row::code);
        return row != rows.end() ? row->is : kind::connection;
    }
    if (ec == error::not_connected || ec == error::already_connected) return kind::connection;
    if (ec == condition::local_misuse) return kind::validation;
    if (ec == condition::malformed) return kind::decode;
    if (ec == condition::protocol_error) return kind::protocol;
    if (ec == condition::not_supported) return kind::validation;
    return kind::connection;
}

void raise(failure const& why, asked_for what, std::string const& tried) {
    std::error_code const code = why.code;
    auto const            reason = reason_of(why.code);
    switch (kind_of(why.code, what)) {
    case kind::authentication: throw authentication_error(tried, why.cause, code, reason);
    case kind::validation: throw validation_error(tried, why.cause, code, reason);
    case kind::decode: throw decode_error(tried, why.cause, code, reason);
    case kind::protocol: throw protocol_error(tried, why.cause, code, reason);
    case kind::connection: break;
    }
    throw connection_error(tried, why.cause, code, reason);
}

void raise_invalid(std::string const& tried, std::string cause, error_code code) { throw validation_error(tried, std::move(cause), code); }

void raise_invalid(std::string const& tried, codec::errc flaw) {
    auto const code = bad_argument(flaw);
    raise_invalid(tried, code.message(), code);
}

void raise_in_handler(std::string const& function) {
    throw validation_error(function + "() in a handler", "it waits for the loop, and the loop waits for this handler; publish, subscribe, "
                           "disconnect and reconnect return at once and may be called here", std::make_error_code(std::errc::resource_deadlock_would_occur));
}

} // namespace aldis::blocking
