// What the codec says of a packet, as violations with their clause.
#include "verdict.hpp"

#include <array>
#include <optional>
#include <utility>
#include <variant>

#include <aldis/codec/decode.hpp>
#include <aldis/codec/frame.hpp>

namespace aldis::dissect {
namespace {

using codec::errc;

struct chapter_row {
    errc             code;
    std::string_view chapter;                                      // of 5.0
    std::string_view v3_chapter;                                   // of 3.1.1
};

/// Where the specification numbers no statement, the chapter that says it.
constexpr chapter_row chapters[]{
    {errc::packet_type_reserved, "2.1.2", "2.2.1"},
    {errc::length_not_minimal, "1.5.5", "2.2.3"},
    {errc::length_too_long, "2.1.4", "2.2.3"},
    {errc::packet_too_large, "3.1.2.11.4", "2.2.3"},
    {errc::truncated, "2.1.4", "2.2.3"},
    {errc::trailing_bytes, "2.1.4", "2.2.3"},
    {errc::varint_too_long, "1.5.5", "2.2.3"},
    {errc::property_length_overrun, "2.2.2.1", ""},
    {errc::property_unknown, "2.2.2.2", ""},
    {errc::property_misplaced, "2.2.2.2", ""},
    {errc::property_repeated, "2.2.2.2", ""},
    {errc::property_value, "2.2.2.2", ""},
    {errc::property_not_from_sender, "2.2.2.2", ""},
    {errc::client_id_empty, "3.1.3.1", "3.1.3.1"},
    {errc::auth_data_without_method, "3.1.2.11.10", ""},
    {errc::connack_flags, "3.2.2.1", "3.2.2.1"},
    {errc::connack_return_code, "3.2.2.2", "3.2.2.3"},
    {errc::reason_unknown, "2.4", ""},
    {errc::reason_misplaced, "2.4", ""},
    {errc::reason_not_from_sender, "2.4", ""},
    {errc::subscription_qos_invalid, "3.8.3.1", "3.8.3"},
    {errc::retain_handling_invalid, "3.8.3.1", ""},
    {errc::packet_not_in_version, "2.1.2", "2.2.1"},
    {errc::auth_method_missing, "3.15.2.2.2", ""},
};

std::string_view chapter_of(errc code, protocol version) noexcept {
    for (auto const& row : chapters)
        if (row.code == code) return is_v5(version) ? row.chapter : row.v3_chapter;
    return is_v5(version) ? "4.13" : "4.8";                        // handling errors
}

/// The statement as its own document numbers it: this project's prefix for 3.1.1 is left out, since the packet's version is known.
std::string_view rule_of(errc code, protocol version, packet_type where) noexcept {
    constexpr std::string_view v3_prefix = "v3-";
    auto rule = codec::clause_of(code, version, where);
    if (rule.starts_with(v3_prefix)) rule.remove_prefix(v3_prefix.size());
    return rule.empty() ? chapter_of(code, version) : rule;
}

using verdict = std::optional<codec::fault>;

template <class Packet>
verdict verdict_on(codec::frame const& f, codec::context where) noexcept {
    auto const packet = codec::decode_as<Packet>(f, where);
    if (packet) return std::nullopt;
    return packet.error();
}

constexpr auto verdicts = []<std::size_t... I>(std::index_sequence<I...>) {
    return std::array{&verdict_on<std::variant_alternative_t<I, any_packet>>...};
}(std::make_index_sequence<std::variant_size_v<any_packet>>{});

verdict judge_header(tree const& t) noexcept {
    auto const next = codec::next_frame(t.bytes, max_packet_size, t.version);
    if (next) return std::nullopt;
    return next.error();
}

std::size_t header_size(bytes_view packet) noexcept {
    std::size_t size = 2;
    while (size < 5 && size <= packet.size() && (packet[size - 1] & std::byte{0x80}) != std::byte{0}) ++size;
    return size;
}

verdict judge_body(tree const& t, sender from) noexcept {
    auto const header = header_size(t.bytes);
    if (t.what.type == 0 || t.bytes.size() < header) return std::nullopt;
    codec::frame const f{.type = static_cast<packet_type>(t.what.type),
                         .flags = static_cast<std::uint8_t>(t.what.flags),
                         .body = bytes_view{t.bytes.subspan(header)},
                         .size = t.bytes.size()};
    return verdicts[t.what.type - 1](f, {.version = t.version, .from = from});
}

void add(tree& t, codec::fault const& wrong) {
    bool const said = t.malformed && (wrong.code == errc::truncated || wrong.code == errc::property_length_overrun);
    if (said) return;
    t.violations.push_back({rule_of(wrong.code, t.version, static_cast<packet_type>(t.what.type)), codec::spec_of(wrong.code).text, wrong.offset});
}

} // namespace

void judge(tree& t, sender from) {
    if (t.bytes.empty()) return;
    auto const header = judge_header(t);
    if (header) {
        add(t, *header);
        bool const hopeless = header->code == errc::length_too_long || header->code == errc::packet_not_in_version;
        if (hopeless) return;
    }
    // Of a level nobody knows, only the CONNECT that asks for it can be judged; of half a packet, only its header.
    bool const unknown = !t.version_known && !t.what.is(packet_type::connect);
    if (t.truncated || unknown) return;
    if (auto const body = judge_body(t, from)) add(t, *body);
}

} // namespace aldis::dissect
