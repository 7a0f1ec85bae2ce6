// -d: packets as lines.
#include "trace.hpp"

#include <iterator>
#include <variant>

#include <fmt/format.h>

#include <aldis/codec/decode.hpp>
#include <aldis/codec/frame.hpp>
#include <aldis/codec/packet.hpp>

#include "exit_code.hpp"
#include "terminal.hpp"

namespace aldis::app {

struct packet_trace::renderer {
    packet_trace& owner;
    bool          is_sent;
    std::string   out{};

    std::string text(std::string_view from) const { return owner.text(from); }

    void line(std::string_view what) {
        fmt::format_to(std::back_inserter(out), "Client {} {} {}\n", owner.name(), is_sent ? "sending" : "received", what);
    }

    void operator()(packet::connect const& p) {
        owner.version_ = p.version;
        owner.client_id_ = p.client_id;
        line("CONNECT");
    }
    void operator()(packet::connack const& p) {
        if (auto const id = p.props.get<property_id::assigned_client_identifier>()) owner.client_id_ = *id;
        line(fmt::format("CONNACK ({})", connack_code(p.reason, owner.version_)));
    }
    void operator()(packet::publish const& p) {
        auto const number = is_sent && p.qos == qos_level::at_most_once ? ++owner.unnumbered_ : p.id;
        line(fmt::format("PUBLISH (d{:d}, q{}, r{:d}, m{}, '{}', ... ({} bytes))", p.dup, static_cast<int>(p.qos), p.retain, number,
                         text(p.topic), p.payload.size()));
    }
    void operator()(packet::puback const& p) {
        line(is_sent ? fmt::format("PUBACK (m{}, rc{})", p.id, code_of(p.reason))
                     : fmt::format("PUBACK (Mid: {}, RC:{})", p.id, code_of(p.reason)));
    }
    void operator()(packet::pubrec const& p) {
        line(is_sent ? fmt::format("PUBREC (m{}, rc{})", p.id, code_of(p.reason)) : fmt::format("PUBREC (Mid: {})", p.id));
    }
    void operator()(packet::pubrel const& p) { line(is_sent ? fmt::format("PUBREL (m{})", p.id) : fmt::format("PUBREL (Mid: {})", p.id)); }
    void operator()(packet::pubcomp const& p) {
        line(is_sent ? fmt::format("PUBCOMP (m{})", p.id) : fmt::format("PUBCOMP (Mid: {}, RC:{})", p.id, code_of(p.reason)));
    }
    void operator()(packet::subscribe const& p) {
        for (auto const one : p.filters) {
            auto const options = (one.no_local ? 4 : 0) | (one.retain_as_published ? 8 : 0) | static_cast<int>(one.retained) << 4;
            line(fmt::format("SUBSCRIBE (Mid: {}, Topic: {}, QoS: {}, Options: 0x{:02x})", p.id, text(one.filter),
                             static_cast<int>(one.qos), options));
        }
    }
    void operator()(packet::suback const& p) {
        line("SUBACK");
        std::string granted;
        for (auto const code : p.codes) granted += fmt::format("{}{}", granted.empty() ? "" : ", ", code_of(code));
        fmt::format_to(std::back_inserter(out), "Subscribed (mid: {}): {}\n", p.id, granted);
    }
    void operator()(packet::unsubscribe const& p) {
        for (auto const filter : p.filters) line(fmt::format("UNSUBSCRIBE (Mid: {}, Topic: {})", p.id, text(filter)));
    }
    void operator()(packet::unsuback const&) { line("UNSUBACK"); }
    void operator()(packet::pingreq const&) { line("PINGREQ"); }
    void operator()(packet::pingresp const&) { line("PINGRESP"); }
    void operator()(packet::disconnect const& p) {
        line(is_sent ? std::string{"DISCONNECT"} : fmt::format("DISCONNECT ({})", code_of(p.reason)));
    }
    void operator()(packet::auth const& p) { line(fmt::format("AUTH ({})", code_of(p.reason))); }

    static unsigned code_of(reason_code reason) noexcept { return static_cast<unsigned>(reason); }
};

std::string packet_trace::text(std::string_view from) const { return escape_ ? visible(from) : std::string{from}; }

std::string packet_trace::name() const { return client_id_.empty() ? std::string{"(null)"} : text(client_id_); }

std::string packet_trace::noted(std::string_view what) const { return fmt::format("Client {} {}\n", name(), text(what)); }

std::string packet_trace::describe(bytes_view frame, bool is_sent) {
    auto const found = codec::next_frame(frame, max_packet_size);
    if (!found || !*found) return {};
    auto const packet = codec::decode(**found, {version_, is_sent ? sender::client : sender::server});
    if (!packet) return {};
    renderer writer{*this, is_sent};
    std::visit(writer, *packet);
    return std::move(writer.out);
}

} // namespace aldis::app
