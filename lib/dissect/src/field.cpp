// The table of fields.
#include <aldis/dissect/field.hpp>

#include <array>

#include "values.hpp"

namespace aldis::dissect {
namespace {

using enum kind;

constexpr field_spec row(field id, std::string_view name, std::string_view label, kind is, value_set values = value_set::none, unsigned mask = 0) {
    return {id, name, label, is, static_cast<std::uint8_t>(mask), static_cast<std::uint8_t>(values)};
}

constexpr std::array rows{
    row(field::len, "mqtt.len", "Msg Len", decimal),
    row(field::hdrflags, "mqtt.hdrflags", "Header Flags", hexadecimal),
    row(field::msgtype, "mqtt.msgtype", "Message Type", decimal, value_set::msgtype, 0xF0),
    row(field::hdr_reserved, "mqtt.hdr_reserved", "Reserved", decimal, value_set::none, 0x0F),
    row(field::retain_reserved, "mqtt.retain_reserved", "Reserved", decimal, value_set::none, 0x01),
    row(field::dupflag, "mqtt.dupflag", "DUP Flag", boolean, value_set::none, 0x08),
    row(field::qos, "mqtt.qos", "QoS Level", decimal, value_set::qos, 0x06),
    row(field::retain, "mqtt.retain", "Retain", boolean, value_set::none, 0x01),
    row(field::conack_reserved_byte, "mqtt.conack.flags.reserved", "Reserved", boolean),
    row(field::conack_reserved, "mqtt.conack.flags.reserved", "Reserved", boolean, value_set::none, 0xFE),
    row(field::conack_flags, "mqtt.conack.flags", "Acknowledge Flags", hexadecimal),
    row(field::conack_flags_sp, "mqtt.conack.flags.sp", "Session Present", boolean, value_set::none, 0x01),
    row(field::conack_val, "mqtt.conack.val", "Return Code", decimal, value_set::conack_val),
    row(field::msgid, "mqtt.msgid", "Message Identifier", decimal),
    row(field::sub_qos, "mqtt.sub.qos", "Requested QoS", decimal, value_set::qos),
    row(field::suback_qos, "mqtt.suback.qos", "Granted QoS", decimal, value_set::suback_qos),
    row(field::topic_len, "mqtt.topic_len", "Topic Length", decimal),
    row(field::topic, "mqtt.topic", "Topic", text),
    row(field::willtopic_len, "mqtt.willtopic_len", "Will Topic Length", decimal),
    row(field::willtopic, "mqtt.willtopic", "Will Topic", text),
    row(field::willmsg, "mqtt.willmsg", "Will Message", bytes),
    row(field::willmsg_len, "mqtt.willmsg_len", "Will Message Length", decimal),
    row(field::username_len, "mqtt.username_len", "User Name Length", decimal),
    row(field::username, "mqtt.username", "User Name", text),
    row(field::passwd_len, "mqtt.passwd_len", "Password Length", decimal),
    row(field::passwd, "mqtt.passwd", "Password", text),
    row(field::msg, "mqtt.msg", "Message", bytes),
    row(field::proto_len, "mqtt.proto_len", "Protocol Name Length", decimal),
    row(field::protoname, "mqtt.protoname", "Protocol Name", text),
    row(field::clientid_len, "mqtt.clientid_len", "Client ID Length", decimal),
    row(field::clientid, "mqtt.clientid", "Client ID", text),
    row(field::ver, "mqtt.ver", "Version", decimal, value_set::ver),
    row(field::conflags, "mqtt.conflags", "Connect Flags", hexadecimal),
    row(field::conflag_uname, "mqtt.conflag.uname", "User Name Flag", boolean, value_set::none, 0x80),
    row(field::conflag_passwd, "mqtt.conflag.passwd", "Password Flag", boolean, value_set::none, 0x40),
    row(field::conflag_retain, "mqtt.conflag.retain", "Will Retain", boolean, value_set::none, 0x20),
    row(field::conflag_qos, "mqtt.conflag.qos", "QoS Level", decimal, value_set::qos, 0x18),
    row(field::conflag_willflag, "mqtt.conflag.willflag", "Will Flag", boolean, value_set::none, 0x04),
    row(field::conflag_cleansess, "mqtt.conflag.cleansess", "Clean Session Flag", boolean, value_set::none, 0x02),
    row(field::conflag_reserved, "mqtt.conflag.reserved", "(Reserved)", boolean, value_set::none, 0x01),
    row(field::kalive, "mqtt.kalive", "Keep Alive", decimal),
    row(field::subscription_options, "mqtt.subscription_options", "Subscription Options", hexadecimal),
    row(field::subscription_options_qos, "mqtt.subscription_options_qos", "QoS", decimal, value_set::qos, 0x03),
    row(field::subscription_options_nl, "mqtt.subscription_options_nl", "No Local", boolean, value_set::none, 0x04),
    row(field::subscription_options_rap, "mqtt.subscription_options_rap", "Retain As Published", boolean, value_set::none, 0x08),
    row(field::subscription_options_retain, "mqtt.subscription_options_retain", "Retain Handling", decimal, value_set::retain_handling, 0x30),
    row(field::subscription_options_reserved, "mqtt.subscription_options_reserved", "Reserved", hexadecimal, value_set::none, 0xC0),
    row(field::connack_reason_code, "mqtt.connack.reason_code", "Reason Code", decimal, value_set::connack_reason),
    row(field::puback_reason_code, "mqtt.puback.reason_code", "Reason Code", decimal, value_set::puback_reason),
    row(field::pubrec_reason_code, "mqtt.pubrec.reason_code", "Reason Code", decimal, value_set::puback_reason),
    row(field::pubrel_reason_code, "mqtt.pubrel.reason_code", "Reason Code", decimal, value_set::pubrel_reason),
    row(field::pubcomp_reason_code, "mqtt.pubcomp.reason_code", "Reason Code", decimal, value_set::pubrel_reason),
    row(field::suback_reason_code, "mqtt.suback.reason_code", "Reason Code", decimal, value_set::suback_reason),
    row(field::unsuback_reason_code, "mqtt.unsuback.reason_code", "Reason Code", decimal, value_set::unsuback_reason),
    row(field::disconnect_reason_code, "mqtt.disconnect.reason_code", "Reason Code", decimal, value_set::disconnect_reason),
    row(field::auth_reason_code, "mqtt.auth.reason_code", "Reason Code", decimal, value_set::auth_reason),
    row(field::properties, "mqtt.properties", "Properties", group),
    row(field::will_properties, "mqtt.will_properties", "Will Properties", group),
    row(field::property_len, "mqtt.property_len", "Total Length", decimal),
    row(field::property_id, "mqtt.property_id", "ID", hexadecimal, value_set::property_id),
    row(field::prop_number, "mqtt.prop_number", "Value", decimal),
    row(field::content_type, "mqtt.property.content_type", "Content Type", text),
    row(field::max_qos, "mqtt.property.max_qos", "QoS", decimal, value_set::qos),
    row(field::topic_alias, "mqtt.property.topic_alias", "Topic Alias", decimal),
    row(field::prop_unknown, "mqtt.prop_unknown", "Unknown Property", text),
    row(field::prop_string_len, "mqtt.prop_string_len", "Length", decimal),
    row(field::prop_string, "mqtt.prop_string", "Value", text),
    row(field::prop_key_len, "mqtt.prop_key_len", "Key Length", decimal),
    row(field::prop_key, "mqtt.prop_key", "Key", text),
    row(field::prop_value_len, "mqtt.prop_value_len", "Value Length", decimal),
    row(field::prop_value, "mqtt.prop_value", "Value", text),
    row(field::illegal_topic_length, "mqtt.illegal_topic_length", "Length cannot be 0", expert),
    row(field::unknown_version, "mqtt.unknown_version", "Unknown version (missing the CONNECT packet?)", expert),
    row(field::unknown_topic_alias, "mqtt.unknown_topic_alias", "Unknown topic alias", expert),
    row(field::stray_characters, "_ws.string.trailing_stray_characters", "Trailing stray characters", expert),
};
static_assert(rows.size() == field_count);
static_assert([] {
    for (std::size_t i = 0; i < rows.size(); ++i)
        if (static_cast<std::size_t>(rows[i].id) != i) return false;
    return true;
}(), "one row for each field, in its order");

} // namespace

field_spec const& spec_of(field id) noexcept { return rows[static_cast<std::size_t>(id)]; }

std::optional<field> find_field(std::string_view name) noexcept {
    for (auto const& r : rows)
        if (r.name == name) return r.id;
    return std::nullopt;
}

std::optional<std::string_view> value_name(field_spec const& spec, std::uint64_t number) noexcept {
    auto const set = static_cast<value_set>(spec.values);
    if (set == value_set::none) return std::nullopt;
    return name_in(set, number);
}

std::string_view type_name(unsigned type) noexcept { return name_in(value_set::msgtype, type); }

} // namespace aldis::dissect
