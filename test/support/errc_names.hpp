// The enumerators of errc by name, as the vectors spell them.
#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include <aldis/codec/fault.hpp>

namespace aldis::test {

inline constexpr auto errc_names = [] {
    using enum codec::errc;
    return std::to_array<std::pair<codec::errc, std::string_view>>({
        {packet_type_reserved, "packet_type_reserved"},
        {reserved_flags, "reserved_flags"},
        {length_not_minimal, "length_not_minimal"},
        {length_too_long, "length_too_long"},
        {packet_too_large, "packet_too_large"},
        {truncated, "truncated"},
        {trailing_bytes, "trailing_bytes"},
        {varint_too_long, "varint_too_long"},
        {varint_not_minimal, "varint_not_minimal"},
        {utf8_invalid, "utf8_invalid"},
        {utf8_null, "utf8_null"},
        {text_too_long, "text_too_long"},
        {packet_id_zero, "packet_id_zero"},
        {packet_id_misplaced, "packet_id_misplaced"},
        {qos_invalid, "qos_invalid"},
        {dup_at_qos_0, "dup_at_qos_0"},
        {topic_empty, "topic_empty"},
        {topic_wildcard, "topic_wildcard"},
        {filter_empty, "filter_empty"},
        {filter_invalid, "filter_invalid"},
        {share_name_invalid, "share_name_invalid"},
        {share_no_local, "share_no_local"},
        {property_length_overrun, "property_length_overrun"},
        {property_unknown, "property_unknown"},
        {property_misplaced, "property_misplaced"},
        {property_repeated, "property_repeated"},
        {property_value, "property_value"},
        {property_not_from_sender, "property_not_from_sender"},
        {topic_alias_zero, "topic_alias_zero"},
        {protocol_name, "protocol_name"},
        {protocol_level, "protocol_level"},
        {connect_reserved_flag, "connect_reserved_flag"},
        {will_flags_without_will, "will_flags_without_will"},
        {will_qos_invalid, "will_qos_invalid"},
        {password_without_user_name, "password_without_user_name"},
        {client_id_empty, "client_id_empty"},
        {auth_data_without_method, "auth_data_without_method"},
        {response_topic_wildcard, "response_topic_wildcard"},
        {connack_flags, "connack_flags"},
        {connack_return_code, "connack_return_code"},
        {session_present_on_refusal, "session_present_on_refusal"},
        {reason_unknown, "reason_unknown"},
        {reason_misplaced, "reason_misplaced"},
        {reason_not_from_sender, "reason_not_from_sender"},
        {no_reason_codes, "no_reason_codes"},
        {return_code_invalid, "return_code_invalid"},
        {no_filters, "no_filters"},
        {subscription_options_reserved, "subscription_options_reserved"},
        {subscription_qos_invalid, "subscription_qos_invalid"},
        {retain_handling_invalid, "retain_handling_invalid"},
        {packet_not_in_version, "packet_not_in_version"},
        {auth_method_missing, "auth_method_missing"},
        {not_expressible, "not_expressible"},
    });
}();

constexpr std::string_view name_of(codec::errc code) noexcept {
    for (auto const& [value, name] : errc_names)
        if (value == code) return name;
    return "?";
}

constexpr std::optional<codec::errc> find_errc(std::string_view name) noexcept {
    for (auto const& [value, spelt] : errc_names)
        if (spelt == name) return value;
    return std::nullopt;
}

} // namespace aldis::test
