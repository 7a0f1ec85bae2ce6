// The table of errors: what each one tells the peer, the statement behind it, and what it tells a person.
// Where 5.0 names the reason code, that one stands here; elsewhere what cannot be parsed is malformed (0x81), what can be
// parsed but must not be said is a protocol error (0x82).
#include <aldis/codec/fault.hpp>

namespace aldis::codec {
namespace {

using enum errc;
constexpr auto malformed = reason_code::malformed_packet;
constexpr auto protocol_error = reason_code::protocol_error;
constexpr auto wrong_version = reason_code::unsupported_protocol_version;
constexpr auto bad_client_id = reason_code::client_identifier_not_valid;
constexpr auto bad_alias = reason_code::topic_alias_invalid;
constexpr auto too_large = reason_code::packet_too_large;
constexpr auto local_matter = reason_code::implementation_specific_error;

constexpr std::array rows{
    // framing
    errc_spec{packet_type_reserved, malformed, "", "", "packet type 0 is reserved"},
    errc_spec{reserved_flags, malformed, "MQTT-2.1.3-1", "v3-MQTT-2.2.2-2", "reserved flags of the fixed header are not as the packet type wants them"},
    errc_spec{length_not_minimal, malformed, "MQTT-1.5.5-1", "", "Remaining Length takes more bytes than it needs"},
    errc_spec{length_too_long, malformed, "", "", "Remaining Length has more than four bytes"},
    errc_spec{errc::packet_too_large, too_large, "MQTT-3.1.2-24", "", "packet is larger than the maximum packet size"},
    // fields
    errc_spec{truncated, malformed, "", "", "packet ends inside a field"},
    errc_spec{trailing_bytes, malformed, "", "", "packet goes on after its last field"},
    errc_spec{varint_too_long, malformed, "", "", "variable byte integer has more than four bytes"},
    errc_spec{varint_not_minimal, malformed, "MQTT-1.5.5-1", "", "variable byte integer takes more bytes than it needs"},
    errc_spec{utf8_invalid, malformed, "MQTT-1.5.4-1", "v3-MQTT-1.5.3-1", "string is not well-formed UTF-8"},
    errc_spec{utf8_null, malformed, "MQTT-1.5.4-2", "v3-MQTT-1.5.3-2", "string contains the null character"},
    errc_spec{text_too_long, malformed, "MQTT-4.7.3-3", "v3-MQTT-4.7.3-3", "string or binary field is longer than 65,535 bytes"},
    errc_spec{packet_id_zero, protocol_error, "MQTT-2.2.1-3", "v3-MQTT-2.3.1-1", "packet identifier is 0"},
    errc_spec{packet_id_misplaced, protocol_error, "MQTT-2.2.1-2", "v3-MQTT-2.3.1-5", "PUBLISH at QoS 0 has a packet identifier"},
    errc_spec{qos_invalid, malformed, "MQTT-3.3.1-4", "v3-MQTT-3.3.1-4", "PUBLISH has QoS 3"},
    errc_spec{dup_at_qos_0, malformed, "MQTT-3.3.1-2", "v3-MQTT-3.3.1-2", "DUP is set at QoS 0"},
    // topics
    errc_spec{topic_empty, protocol_error, "MQTT-4.7.3-1", "v3-MQTT-4.7.3-1", "topic name is empty, and there is no topic alias"},
    errc_spec{topic_wildcard, malformed, "MQTT-3.3.2-2", "v3-MQTT-3.3.2-2", "topic name contains a wildcard character"},
    errc_spec{filter_empty, malformed, "MQTT-4.7.3-1", "v3-MQTT-4.7.3-1", "topic filter is empty"},
    errc_spec{filter_invalid, malformed, "MQTT-4.7.1-1", "v3-MQTT-4.7.1-2", "topic filter has a wildcard where none may stand"},
    errc_spec{share_name_invalid, malformed, "MQTT-4.8.2-2", "", "shared subscription is not of the form $share/NAME/FILTER"},
    errc_spec{share_no_local, protocol_error, "MQTT-3.8.3-4", "", "No Local is set on a shared subscription"},
    // properties
    errc_spec{property_length_overrun, malformed, "", "", "property or property length runs past its end"},
    errc_spec{property_unknown, malformed, "", "", "property identifier is unknown"},
    errc_spec{property_misplaced, malformed, "", "", "property may not stand in this packet"},
    errc_spec{property_repeated, protocol_error, "", "", "property occurs twice"},
    errc_spec{property_value, protocol_error, "", "", "property has a value outside its range"},
    errc_spec{property_not_from_sender, protocol_error, "", "", "property may not come from this side"},
    errc_spec{topic_alias_zero, bad_alias, "MQTT-3.3.2-8", "", "topic alias is 0"},
    // CONNECT
    errc_spec{protocol_name, wrong_version, "MQTT-3.1.2-1", "v3-MQTT-3.1.2-1", "protocol name is neither MQTT nor MQIsdp"},
    errc_spec{protocol_level, wrong_version, "MQTT-3.1.2-2", "v3-MQTT-3.1.2-2", "protocol level is none of 3, 4 and 5"},
    errc_spec{connect_reserved_flag, malformed, "MQTT-3.1.2-3", "v3-MQTT-3.1.2-3", "reserved connect flag is set"},
    errc_spec{will_flags_without_will, malformed, "MQTT-3.1.2-11", "v3-MQTT-3.1.2-11", "Will QoS or Will Retain is set without a will"},
    errc_spec{will_qos_invalid, malformed, "MQTT-3.1.2-12", "v3-MQTT-3.1.2-14", "Will QoS is 3"},
    errc_spec{password_without_user_name, malformed, "", "v3-MQTT-3.1.2-22", "password without a user name"},
    errc_spec{client_id_empty, bad_client_id, "", "v3-MQTT-3.1.3-7", "empty client identifier needs Clean Session (3.1.1), or is not possible (3.1)"},
    errc_spec{auth_data_without_method, protocol_error, "", "", "authentication data without an authentication method"},
    errc_spec{response_topic_wildcard, malformed, "MQTT-3.3.2-14", "", "response topic contains a wildcard character"},
    // CONNACK and other answers
    errc_spec{connack_flags, malformed, "MQTT-3.2.2-1", "", "reserved flags of CONNACK are set"},
    errc_spec{connack_return_code, malformed, "", "", "CONNACK has a return code above 5"},
    errc_spec{session_present_on_refusal, protocol_error, "MQTT-3.2.2-6", "v3-MQTT-3.2.2-4", "Session Present is set although the connection is refused"},
    errc_spec{reason_unknown, malformed, "", "", "reason code is unknown"},
    errc_spec{reason_misplaced, malformed, "", "", "reason code may not stand in this packet"},
    errc_spec{reason_not_from_sender, protocol_error, "", "", "reason code may not come from this side"},
    errc_spec{no_reason_codes, protocol_error, "MQTT-3.8.4-6", "v3-MQTT-3.8.4-5", "acknowledgement without a reason code"},
    errc_spec{return_code_invalid, malformed, "", "v3-MQTT-3.9.3-2", "SUBACK return code is none of 0, 1, 2 and 0x80"},
    // SUBSCRIBE and UNSUBSCRIBE
    errc_spec{no_filters, protocol_error, "MQTT-3.8.3-2", "v3-MQTT-3.8.3-3", "no topic filter"},
    errc_spec{subscription_options_reserved, malformed, "MQTT-3.8.3-5", "v3-MQTT-3.8.3-3", "reserved bits of the subscription options are set"},
    errc_spec{subscription_qos_invalid, protocol_error, "", "v3-MQTT-3.8.3-3", "subscription asks for QoS 3"},
    errc_spec{retain_handling_invalid, protocol_error, "", "", "Retain Handling is 3"},
    // packets as such
    errc_spec{packet_not_in_version, protocol_error, "", "", "protocol version of the connection has no such packet"},
    errc_spec{auth_method_missing, protocol_error, "", "", "AUTH without an authentication method"},
    // encoding
    errc_spec{not_expressible, local_matter, "", "", "protocol version of the connection cannot say this"},
};

static_assert([] {
    for (std::size_t i = 0; i < rows.size(); ++i)
        if (static_cast<std::size_t>(rows[i].code) != i) return false;
    return rows.back().code == not_expressible;
}(), "one row for each enumerator of errc, in its order");

/// Errors that break another statement in each packet: the rows here come before those above.
struct packet_clause {
    errc             code;
    packet_type      where;
    std::string_view clause;
    std::string_view v3_clause;
};

/// Any of the three errors about reason codes.
constexpr errc about_reason = reason_unknown;

constexpr std::array packet_clauses{
    packet_clause{about_reason, packet_type::connack, "MQTT-3.2.2-8", ""},
    packet_clause{about_reason, packet_type::puback, "MQTT-3.4.2-1", ""},
    packet_clause{about_reason, packet_type::pubrec, "MQTT-3.5.2-1", ""},
    packet_clause{about_reason, packet_type::pubrel, "MQTT-3.6.2-1", ""},
    packet_clause{about_reason, packet_type::pubcomp, "MQTT-3.7.2-1", ""},
    packet_clause{about_reason, packet_type::suback, "MQTT-3.9.3-2", ""},
    packet_clause{about_reason, packet_type::unsuback, "MQTT-3.11.3-2", ""},
    packet_clause{about_reason, packet_type::disconnect, "MQTT-3.14.2-1", ""},
    packet_clause{about_reason, packet_type::auth, "MQTT-3.15.2-1", ""},
    packet_clause{no_filters, packet_type::unsubscribe, "MQTT-3.10.3-2", "v3-MQTT-3.10.3-2"},
    packet_clause{property_not_from_sender, packet_type::publish, "MQTT-3.3.4-6", ""},
};

constexpr errc kind_of(errc code) noexcept {
    return code == reason_misplaced || code == reason_not_from_sender ? about_reason : code;
}

} // namespace

std::string_view clause_of(errc code, protocol version, packet_type where) noexcept {
    for (auto const& own : packet_clauses)
        if (own.code == kind_of(code) && own.where == where) return is_v5(version) ? own.clause : own.v3_clause;
    auto const& row = spec_of(code);
    return is_v5(version) ? row.clause : row.v3_clause;
}

errc_spec const& spec_of(errc code) noexcept { return rows[static_cast<std::size_t>(code)]; }

std::span<errc_spec const> errc_specs() noexcept { return rows; }

} // namespace aldis::codec
