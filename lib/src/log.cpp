// Packets as lines: the words that mosquitto's tools print with -d.
#include <aldis/log.hpp>

#include <array>
#include <cstddef>
#include <variant>

#include <aldis/codec/decode.hpp>
#include <aldis/codec/frame.hpp>
#include <aldis/codec/packet.hpp>

namespace aldis {

namespace {

template <class Number>
std::string text_of(Number value) { return std::to_string(value); }
std::string text_of(bool value) { return value ? "1" : "0"; }
std::string text_of(qos_level value) { return std::to_string(static_cast<unsigned>(value)); }
std::string text_of(reason_code value) { return std::to_string(static_cast<unsigned>(value)); }
std::string text_of(std::string const& value) { return value; }

/// `form` with each {} replaced by the next value; values without a place are left out.
template <class... Values>
std::string filled(std::string_view form, Values const&... values) {
    std::string out;
    std::size_t at = 0;
    auto const  next = [&](std::string const& value) {
        auto const hole = form.find("{}", at);
        if (hole == form.npos) return;
        out.append(form, at, hole - at).append(value);
        at = hole + 2;
    };
    (next(text_of(values)), ...);
    return out.append(form.substr(at));
}

/// The options byte of a filter without its QoS (3.8.3.1).
std::string options_of(subscription const& wanted) {
    auto const  bits = (wanted.no_local ? 4U : 0U) | (wanted.retain_as_published ? 8U : 0U) | static_cast<unsigned>(wanted.retained) << 4U;
    char const* digits = "0123456789abcdef";
    return {'0', 'x', digits[bits >> 4U], digits[bits & 15U]};
}

} // namespace

std::string_view name_of(log_level level) noexcept {
    constexpr std::array<std::string_view, 5> names{"error", "warning", "notice", "info", "debug"};
    auto const                                at = static_cast<std::size_t>(level);
    return at < names.size() ? names[at] : "unknown";
}

struct packet_lines::writer {
    packet_lines& owner;
    bool          is_sent;
    std::string   out{};

    std::string text(std::string_view from) const { return owner.text(from); }

    void line(std::string const& what) { out += filled("Client {} {} {}\n", owner.name(), std::string(is_sent ? "sending" : "received"), what); }
    /// The two directions number their packets in different words.
    void ack(std::string_view when_sent, std::string_view when_received, packet_id id, reason_code reason) {
        line(filled(is_sent ? when_sent : when_received, id, reason));
    }

    void operator()(packet::connect const& p) {
        owner.version_ = p.version;
        owner.client_id_ = p.client_id;
        line("CONNECT");
    }
    void operator()(packet::connack const& p) {
        if (auto const id = p.props.get<property_id::assigned_client_identifier>()) owner.client_id_ = *id;
        line(filled("CONNACK ({})", unsigned{codec::connack_code(p.reason, owner.version_)}));
    }
    void operator()(packet::publish const& p) {
        auto const number = is_sent && p.qos == qos_level::at_most_once ? ++owner.unnumbered_ : p.id;
        line(filled("PUBLISH (d{}, q{}, r{}, m{}, '{}', ... ({} bytes))", p.dup, p.qos, p.retain, number, text(p.topic), p.payload.size()));
    }
    void operator()(packet::puback const& p) { ack("PUBACK (m{}, rc{})", "PUBACK (Mid: {}, RC:{})", p.id, p.reason); }
    void operator()(packet::pubrec const& p) { ack("PUBREC (m{}, rc{})", "PUBREC (Mid: {})", p.id, p.reason); }
    void operator()(packet::pubrel const& p) { ack("PUBREL (m{})", "PUBREL (Mid: {})", p.id, p.reason); }
    void operator()(packet::pubcomp const& p) { ack("PUBCOMP (m{})", "PUBCOMP (Mid: {}, RC:{})", p.id, p.reason); }
    void operator()(packet::subscribe const& p) {
        for (auto const one : p.filters)
            line(filled("SUBSCRIBE (Mid: {}, Topic: {}, QoS: {}, Options: {})", p.id, text(one.filter), one.qos, options_of(one)));
    }
    void operator()(packet::suback const& p) {
        line("SUBACK");
        std::string granted;
        for (auto const code : p.codes) granted += (granted.empty() ? "" : ", ") + text_of(code);
        out += filled("Subscribed (mid: {}): {}\n", p.id, granted);
    }
    void operator()(packet::unsubscribe const& p) {
        for (auto const filter : p.filters) line(filled("UNSUBSCRIBE (Mid: {}, Topic: {})", p.id, text(filter)));
    }
    void operator()(packet::unsuback const&) { line("UNSUBACK"); }
    void operator()(packet::pingreq const&) { line("PINGREQ"); }
    void operator()(packet::pingresp const&) { line("PINGRESP"); }
    void operator()(packet::disconnect const& p) { line(is_sent ? std::string("DISCONNECT") : filled("DISCONNECT ({})", p.reason)); }
    void operator()(packet::auth const& p) { line(filled("AUTH ({})", p.reason)); }
};

std::string packet_lines::noted(std::string_view what) const { return filled("Client {} {}\n", name(), text(what)); }

std::string packet_lines::describe(bytes_view frame, bool is_sent) {
    auto const found = codec::next_frame(frame, max_packet_size);
    if (!found || !*found) return {};
    auto const packet = codec::decode(**found, {version_, is_sent ? sender::client : sender::server});
    if (!packet) return {};
    writer lines{*this, is_sent};
    std::visit(lines, *packet);
    return std::move(lines.out);
}

} // namespace aldis
