// What the numbers in fields mean: names for values, in Wireshark's words.
#pragma once

#include <cstdint>
#include <string_view>

namespace aldis::dissect {

/// The sets of names; `field_spec::values` is one of them.
enum class value_set : std::uint8_t {
    none, msgtype, ver, qos, suback_qos, conack_val, retain_handling, property_id, connack_reason, puback_reason, pubrel_reason,
    suback_reason, unsuback_reason, disconnect_reason, auth_reason,
};

/// The name of `number` in `set`, or "" where there is none.
std::string_view name_in(value_set set, std::uint64_t number) noexcept;

} // namespace aldis::dissect
