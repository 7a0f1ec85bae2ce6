// WebSocket frames: heads, masks, chains.
#include "websocket_frame.hpp"

#include <algorithm>

#include "integers.hpp"
#include "mqtt_guess.hpp"

namespace aldis::app::dump {
namespace {

// The front of what a chain of frames carries.
struct carried {
    std::array<std::byte, 512> bytes{};
    std::size_t                size = 0;

    void add(bytes_view data, websocket_head const& head) noexcept {
        auto const count = std::min(data.size(), bytes.size() - size);
        if (head.is_masked) unmask(data.first(count), head.mask, 0, bytes.data() + size);
        else std::copy_n(data.data(), count, bytes.data() + size);
        size += count;
    }
};

struct chain {
    bool        fits = true;
    bool        is_cut = false;
    std::size_t frames = 0;                                        // whole ones
    carried     payload{};
};

// No reserved opcode, no text: MQTT is binary.
bool may_carry(websocket_head const& head) noexcept {
    constexpr unsigned opcodes = 1U << 0 | 1U << 2 | 1U << 8 | 1U << 9 | 1U << 10;
    return head.is_valid && !head.is_compressed && (opcodes >> head.opcode & 1) != 0 && head.size <= (std::uint64_t{256} << 20);
}

chain follow(bytes_view data) noexcept {
    chain               found;
    std::optional<bool> masked;
    while (!data.empty()) {
        auto const length = head_length(data);
        if ((u8(data, 0) & 0x70) != 0) found.fits = false;
        if (length == 0 || data.size() < length) {
            found.is_cut = true;
            break;
        }
        auto const head = read_head(data);
        found.fits = may_carry(head) && masked.value_or(head.is_masked) == head.is_masked;
        if (!found.fits) break;
        masked = head.is_masked;
        data = data.subspan(length);
        auto const here = static_cast<std::size_t>(std::min<std::uint64_t>(head.size, data.size()));
        if (!head.is_control()) found.payload.add(data.first(here), head);
        found.is_cut = here < head.size;
        if (found.is_cut) break;
        ++found.frames;
        data = data.subspan(here);
    }
    return found;
}

} // namespace

std::size_t head_length(bytes_view data) noexcept {
    if (data.size() < 2) return 0;
    auto const second = u8(data, 1);
    auto const size = second & 0x7FU;
    return std::size_t{2} + (size == 126 ? 2U : size == 127 ? 8U : 0U) + ((second & 0x80) != 0 ? 4U : 0U);
}

websocket_head read_head(bytes_view data) noexcept {
    websocket_head head;
    auto const     first = u8(data, 0), second = u8(data, 1);
    head.opcode = first & 0xF;
    head.is_final = (first & 0x80) != 0;
    head.is_compressed = (first & 0x40) != 0;
    head.is_masked = (second & 0x80) != 0;
    head.size = second & 0x7FU;
    auto const short_size = head.size;
    if (short_size == 126) head.size = be16(data, 2);
    if (short_size == 127) head.size = be64(data, 2);
    if (head.is_masked) std::copy_n(data.data() + head_length(data) - 4, 4, head.mask.begin());

    auto const is_known = head.opcode <= 2 || (head.opcode >= 8 && head.opcode <= 10);
    auto const is_least = short_size < 126 || (short_size == 126 ? head.size >= 126 : head.size > 0xFFFF && head.size >> 63 == 0);
    auto const is_control_fine = !head.is_control() || (head.is_final && !head.is_compressed && head.size < 126);
    head.is_valid = is_known && is_least && is_control_fine && (first & 0x30) == 0;
    return head;
}

void unmask(bytes_view data, std::array<std::byte, 4> const& mask, std::uint64_t at, std::byte* out) noexcept {
    std::array<std::byte, 4> turned{};
    for (std::size_t i = 0; i < 4; ++i) turned[i] = mask[(at + i) % 4];
    std::uint32_t word;
    std::memcpy(&word, turned.data(), 4);
    std::size_t i = 0;
    for (; i + 4 <= data.size(); i += 4) {
        std::uint32_t v;
        std::memcpy(&v, data.data() + i, 4);
        v ^= word;
        std::memcpy(out + i, &v, 4);
    }
    for (; i < data.size(); ++i) out[i] = data[i] ^ turned[i % 4];
}

// One whole packet in frames that fit, or several frames whose bytes may be a packet: a chance is not enough.
std::optional<bool> carries_mqtt(bytes_view data) noexcept {
    auto const found = follow(data);
    if (!found.fits || data.empty()) return false;
    std::size_t rest = 0;
    auto const  packets = packets_in(bytes_view{found.payload.bytes}.first(found.payload.size), rest);
    if (!packets) return false;
    if (found.payload.size != 0 && (*packets >= 1 || found.frames >= 3)) return true;
    return found.is_cut && data.size() < 4096 ? std::nullopt : std::optional{false};
}

} // namespace aldis::app::dump
