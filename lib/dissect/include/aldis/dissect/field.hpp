// The fields of a dissected packet: one row for each, with the name and label that Wireshark gives it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace aldis::dissect {

/// Named as Wireshark names them, `mqtt.` left out. The order is that of the table.
enum class field : std::uint8_t {
    len, hdrflags, msgtype, hdr_reserved, retain_reserved, dupflag, qos, retain,
    conack_reserved_byte, conack_reserved, conack_flags, conack_flags_sp, conack_val,
    msgid, sub_qos, suback_qos, topic_len, topic, willtopic_len, willtopic, willmsg, willmsg_len,
    username_len, username, passwd_len, passwd, msg, proto_len, protoname, clientid_len, clientid, ver,
    conflags, conflag_uname, conflag_passwd, conflag_retain, conflag_qos, conflag_willflag, conflag_cleansess, conflag_reserved, kalive,
    subscription_options, subscription_options_qos, subscription_options_nl, subscription_options_rap, subscription_options_retain,
    subscription_options_reserved,
    connack_reason_code, puback_reason_code, pubrec_reason_code, pubrel_reason_code, pubcomp_reason_code, suback_reason_code,
    unsuback_reason_code, disconnect_reason_code, auth_reason_code,
    properties, will_properties, property_len, property_id, prop_number, content_type, max_qos, topic_alias, prop_unknown,
    prop_string_len, prop_string, prop_key_len, prop_key, prop_value_len, prop_value,
    illegal_topic_length, unknown_version, unknown_topic_alias, stray_characters,
};
inline constexpr std::size_t field_count = static_cast<std::size_t>(field::stray_characters) + 1;

/// What a field's value is, and how it is written.
enum class kind : std::uint8_t {
    decimal,                                                       // a number
    hexadecimal,                                                   // a number of one byte, written 0x0a
    boolean,                                                       // "Set" or "Not set"
    text,                                                          // bytes meant as UTF-8
    bytes,                                                         // bytes that mean nothing to us
    group,                                                         // holds other fields
    expert,                                                        // a remark on the field above it
};

/// One row: `mask` is not 0 for fields that are some bits of a byte; `values` names what numbers mean (see value_name).
struct field_spec {
    field            id;
    std::string_view name;                                         // "mqtt.hdrflags"
    std::string_view label;                                        // "Header Flags"
    dissect::kind    is;
    std::uint8_t     mask;
    std::uint8_t     values;
};

/// The row of `id`.
field_spec const& spec_of(field id) noexcept;

/// The field called `name` ("mqtt.topic"), if there is one.
std::optional<field> find_field(std::string_view name) noexcept;

/// What `number` means in `spec`, in Wireshark's words: "Publish Message". Nothing where it means only itself; "" where it should
/// mean something, and nothing is known.
std::optional<std::string_view> value_name(field_spec const& spec, std::uint64_t number) noexcept;

/// "Publish Message" for 3: what a packet of this type is called.
std::string_view type_name(unsigned type) noexcept;

} // namespace aldis::dissect
