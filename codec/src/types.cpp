// Names of the small words.
#include <aldis/codec/types.hpp>

#include <array>

namespace aldis {
namespace {

constexpr std::array<std::string_view, 16> packet_names{
    "reserved", "CONNECT",  "CONNACK",     "PUBLISH",  "PUBACK",  "PUBREC",   "PUBREL",     "PUBCOMP",
    "SUBSCRIBE", "SUBACK", "UNSUBSCRIBE", "UNSUBACK", "PINGREQ", "PINGRESP", "DISCONNECT", "AUTH",
};

} // namespace

std::string_view name_of(packet_type type) noexcept { return packet_names[static_cast<std::size_t>(type) & 0xF]; }

std::string_view name_of(protocol version) noexcept {
    switch (version) {
    case protocol::v3_1: return "3.1";
    case protocol::v3_1_1: return "3.1.1";
    case protocol::v5: return "5.0";
    }
    return "unknown version";
}

} // namespace aldis
