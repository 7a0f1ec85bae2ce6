// The options byte behind each topic filter of SUBSCRIBE (3.8.3.1), and how the codec makes a wire_list.
#pragma once

#include <cstdint>
#include <optional>

#include <aldis/codec/fault.hpp>
#include <aldis/codec/topic.hpp>
#include <aldis/codec/wire_list.hpp>

namespace aldis::codec {

inline constexpr unsigned no_local_bit = 0x04;

/// Enumerators out of range yield options that check_options() refuses.
constexpr std::uint8_t pack_options(subscription const& s) noexcept {
    unsigned const qos = static_cast<unsigned>(s.qos) < 3 ? static_cast<unsigned>(s.qos) : 3U;
    unsigned const retained = static_cast<unsigned>(s.retained) < 3 ? static_cast<unsigned>(s.retained) : 3U;
    return static_cast<std::uint8_t>(qos | (s.no_local ? no_local_bit : 0U) | (s.retain_as_published ? 0x08U : 0U) | retained << 4);
}

constexpr subscription unpack_options(std::string_view filter, std::uint8_t options) noexcept {
    return {.filter = filter,
            .qos = static_cast<qos_level>(options & 0x03),
            .no_local = (options & no_local_bit) != 0,
            .retain_as_published = (options & 0x08) != 0,
            .retained = static_cast<retain_handling>(options >> 4 & 0x03)};
}

/// What is wrong with `options` behind `filter`, a valid one.
constexpr std::optional<errc> check_options(std::string_view filter, std::uint8_t options, protocol version) noexcept {
    unsigned const reserved = is_v5(version) ? 0xC0U : 0xFCU;
    unsigned const threes = options & options >> 1 & 0x11U;        // a field of two bits that is 3 keeps its lower one
    if (((options & (reserved | no_local_bit)) | threes) == 0) [[likely]] return std::nullopt;
    if ((options & reserved) != 0) return errc::subscription_options_reserved;   // [MQTT-3.8.3-5] [v3-MQTT-3.8.3-3]
    if ((options & 0x03) == 0x03) return errc::subscription_qos_invalid;
    if ((options & 0x30) == 0x30) return errc::retain_handling_invalid;
    if ((options & no_local_bit) != 0 && is_shared(filter)) return errc::share_no_local;   // [MQTT-3.8.3-4]
    return std::nullopt;
}

/// Makes lists of elements that the decoder has validated.
class wire_access {
public:
    template <class Element>
    static wire_list<Element> make(bytes_view wire, std::size_t size) noexcept { return {wire, size, std::nullopt}; }
};

} // namespace aldis::codec
