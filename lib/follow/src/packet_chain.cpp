// How far bytes look like MQTT. The evidence of a packet is counted low: what a field must be by the rules, not what it usually is.
#include <aldis/follow/packet_chain.hpp>

#include <algorithm>
#include <array>

#include <aldis/codec/decode.hpp>
#include <aldis/codec/frame.hpp>

namespace aldis::follow {
namespace {

constexpr bool client_only(packet_type t) noexcept {
    return t == packet_type::connect || t == packet_type::subscribe || t == packet_type::unsubscribe || t == packet_type::pingreq;
}
constexpr bool server_only(packet_type t) noexcept {
    return t == packet_type::connack || t == packet_type::suback || t == packet_type::unsuback || t == packet_type::pingresp;
}

unsigned text_evidence(std::string_view text) noexcept {
    constexpr std::size_t enough = 16;
    return 8 + static_cast<unsigned>(std::min(text.size(), enough));   // the high byte of its length, and a bit for each character
}

/// What the 3.1.1 or 5.0 reading of a frame says.
struct reading {
    bool     fits = false;                                         // it breaks no rule
    unsigned evidence = 0;
    bool     strong = false;                                       // 5.0: there is something that no 3.1.1 packet has by accident
};

reading evidence_of(packet::publish const& p, protocol version) noexcept {
    bool const v5 = is_v5(version);
    return {true, 4 + text_evidence(p.topic) + (v5 ? 6U : 0U), v5 && !p.props.empty()};
}
reading evidence_of(packet::connect const&, protocol) noexcept { return {true, 64, true}; }
reading evidence_of(packet::subscribe const& p, protocol) noexcept {
    unsigned bits = 8;
    for (auto const& each : p.filters) {
        bits += text_evidence(each.filter) + 4;
        if (bits > 64) break;
    }
    return {true, bits, true};
}
reading evidence_of(packet::unsubscribe const& p, protocol) noexcept {
    unsigned bits = 8;
    for (auto const filter : p.filters) {
        bits += text_evidence(filter);
        if (bits > 64) break;
    }
    return {true, bits, true};
}
template <class Packet>
reading evidence_of(Packet const& p, protocol version) noexcept {
    // The first byte and the length are nearly all of them; an answer of 5.0 that is longer than 3.1.1 allows is one by its contents.
    (void)version;
    bool strong = false;
    if constexpr (requires { p.props; }) strong = !p.props.empty();
    return {true, 16, strong};
}

using reader = reading (*)(codec::frame const&, codec::context) noexcept;

template <class Packet>
reading read_as(codec::frame const& f, codec::context where) noexcept {
    auto const p = codec::decode_as<Packet>(f, where);
    if (!p) return {};
    return evidence_of(*p, where.version);
}

constexpr auto readers = []<std::size_t... I>(std::index_sequence<I...>) {
    return std::array<reader, sizeof...(I)>{&read_as<std::variant_alternative_t<I, any_packet>>...};
}(std::make_index_sequence<std::variant_size_v<any_packet>>{});

/// Adds one whole frame; false where no grammar is left that fits.
bool add(packet_chain& c, codec::frame const& f, sender from) noexcept {
    auto const type = static_cast<std::size_t>(f.type) - 1;
    auto const v3 = has(c.possible, versions::v3) && f.type != packet_type::auth ? readers[type](f, {protocol::v3_1_1, from}) : reading{};
    auto const v5 = has(c.possible, versions::v5) ? readers[type](f, {protocol::v5, from}) : reading{};
    auto const still = c.possible & static_cast<versions>((v3.fits ? 1U : 0U) | (v5.fits ? 2U : 0U));
    c.from_client |= client_only(f.type);
    c.from_server |= server_only(f.type);
    if (still == versions::none || (c.from_client && c.from_server)) return false;
    c.possible = still;
    bool const publish = f.type == packet_type::publish;
    if (v5.fits && publish) ++(v5.strong ? c.strong_v5 : c.weak_v5);
    bool const ping = f.type == packet_type::pingreq || f.type == packet_type::pingresp;
    if (!ping || c.packets < 2) c.evidence += v5.fits && v3.fits ? std::min(v5.evidence, v3.evidence) : std::max(v5.evidence, v3.evidence);
    ++c.packets;
    c.bytes += f.size;
    return true;
}

/// Whether the beginning of a packet can go on to be one: a topic must fit in it, and be text.
bool may_begin(bytes_view in) noexcept {
    auto const size = packet_size(in);
    if (!size) return true;
    bool const publish = std::to_integer<unsigned>(in[0]) >> 4 == static_cast<unsigned>(packet_type::publish);
    std::size_t header = 2;
    while ((std::to_integer<unsigned>(in[header - 1]) & 0x80) != 0) ++header;
    if (!publish || in.size() < header + 2) return true;
    if ((std::to_integer<unsigned>(in[0]) & 0x06) == 0x06) return false;
    auto const length = std::to_integer<std::size_t>(in[header]) << 8 | std::to_integer<std::size_t>(in[header + 1]);
    if (header + 2 + length > *size) return false;
    auto const topic = in.subspan(header + 2, std::min(length, in.size() - header - 2));
    return std::none_of(topic.begin(), topic.end(), [](std::byte b) { return b == std::byte{0} || b == std::byte{'+'} || b == std::byte{'#'}; });
}

} // namespace

packet_chain examine(bytes_view in, versions allowed, sender from, std::size_t most) noexcept {
    packet_chain c;
    c.possible = allowed;
    while (!in.empty() && c.packets < most) {
        auto const next = codec::next_frame(in);
        c.broken = !next || (!*next && !may_begin(in));
        if (c.broken) break;
        c.ends_inside = !*next;
        if (c.ends_inside) break;
        c.broken = !add(c, **next, from);
        if (c.broken) break;
        in = in.subspan((*next)->size);
    }
    return c;
}

std::optional<bool> begins_like_connect(bytes_view in) noexcept {
    if (in.empty()) return std::nullopt;
    if (std::to_integer<unsigned>(in[0]) >> 4 != static_cast<unsigned>(packet_type::connect)) return false;
    auto const size = packet_size(in);
    if (!size) return std::nullopt;
    if (*size == 0) return false;
    std::size_t header = 2;
    while ((std::to_integer<unsigned>(in[header - 1]) & 0x80) != 0) ++header;
    using namespace std::string_view_literals;
    auto const rest = to_text(bytes_view{in.subspan(header)});
    auto const same = [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b | 0x20) : b); };
    for (auto const name : {"\0\4mqtt"sv, "\0\6mqisdp"sv}) {
        auto const part = std::min(rest.size(), name.size());
        if (!std::equal(name.begin(), name.begin() + static_cast<std::ptrdiff_t>(part), rest.begin(), same)) continue;
        if (part == name.size()) return true;
        return std::nullopt;
    }
    return false;
}

std::optional<std::size_t> packet_size(bytes_view in) noexcept {
    std::size_t remaining = 0;
    for (std::size_t i = 1; i < 5; ++i) {
        if (i >= in.size()) return std::nullopt;
        auto const byte = std::to_integer<std::size_t>(in[i]);
        remaining |= (byte & 0x7F) << (7 * (i - 1));
        if (byte < 0x80) return i + 1 + remaining;
    }
    return 0;
}

} // namespace aldis::follow
