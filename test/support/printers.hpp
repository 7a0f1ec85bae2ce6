// Packets and faults as one readable line each: what the vectors expect, and what Catch2 prints when a check fails.
#pragma once

#include <ostream>
#include <string>
#include <variant>

#include <aldis/codec/decode.hpp>
#include <support/errc_names.hpp>
#include <support/hex.hpp>

namespace aldis::test {

inline std::string hex_byte(unsigned value) {
    static constexpr char digits[] = "0123456789abcdef";
    return {'0', 'x', digits[value >> 4 & 0xF], digits[value & 0xF]};
}

/// In quotes; what is not a printable ASCII character as \xNN.
inline std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (char const c : text) {
        auto const value = static_cast<unsigned char>(c);
        if (value < 0x20 || value > 0x7E || c == '"' || c == '\\') out += "\\" + hex_byte(value).substr(1);
        else out += c;
    }
    return out + '"';
}

inline std::string dump(property const& p) {
    using codec::wire_type;
    auto const& row = codec::spec_of(p.id);
    std::string out = std::string(row.name) + '=';
    if (row.type == wire_type::text) return out + quoted(p.text);
    if (row.type == wire_type::binary) return out + quoted(to_text(p.binary));
    if (row.type == wire_type::text_pair) return out + quoted(p.pair.name) + ':' + quoted(p.pair.value);
    return out + std::to_string(p.number);
}

/// " {Name=value, ...}", or nothing.
inline std::string dump(properties const& props) {
    std::string out;
    for (auto const& p : props) out += (out.empty() ? " {" : ", ") + dump(p);
    return out.empty() ? out : out + '}';
}

inline std::string dump(subscription const& s) {
    return "(" + quoted(s.filter) + " qos=" + std::to_string(static_cast<int>(s.qos)) + (s.no_local ? " no_local" : "") +
           (s.retain_as_published ? " retain_as_published" : "") +
           (s.retained == retain_handling::send ? "" : " retained=" + std::to_string(static_cast<int>(s.retained))) + ")";
}

/// The fields of each packet behind its name. Flags appear when set, lists and properties when not empty.
struct field_printer {
    static std::string number(char const* name, unsigned value) { return std::string(" ") + name + '=' + std::to_string(value); }
    static std::string reason(reason_code code) { return " " + hex_byte(static_cast<unsigned>(code)); }

    std::string operator()(packet::will const& w) const {
        return " will(" + quoted(w.topic) + number("qos", static_cast<unsigned>(w.qos)) + (w.retain ? " retain" : "") + " payload=" +
               quoted(to_text(w.payload)) + dump(w.props) + ")";
    }
    std::string operator()(packet::connect const& p) const {
        return " " + std::string(name_of(p.version)) + (p.clean_start ? " clean" : "") + number("keep_alive", p.keep_alive) + " id=" +
               quoted(p.client_id) + (p.last_will ? (*this)(*p.last_will) : "") + (p.user_name ? " user=" + quoted(*p.user_name) : "") +
               (p.password ? " password=" + quoted(to_text(*p.password)) : "") + dump(p.props);
    }
    std::string operator()(packet::connack const& p) const {
        return reason(p.reason) + (p.session_present ? " session_present" : "") + dump(p.props);
    }
    std::string operator()(packet::publish const& p) const {
        return " " + quoted(p.topic) + number("qos", static_cast<unsigned>(p.qos)) + (p.id != 0 ? number("id", p.id) : "") +
               (p.dup ? " dup" : "") + (p.retain ? " retain" : "") + " payload=" + quoted(to_text(p.payload)) + dump(p.props);
    }
    template <packet_type Type>
    std::string operator()(packet::ack<Type> const& p) const {
        return number("id", p.id) + reason(p.reason) + dump(p.props);
    }
    std::string operator()(packet::subscribe const& p) const {
        std::string out = number("id", p.id);
        for (auto const& s : p.filters) out += " " + dump(s);
        return out + dump(p.props);
    }
    std::string operator()(packet::unsubscribe const& p) const {
        std::string out = number("id", p.id);
        for (auto const filter : p.filters) out += " " + quoted(filter);
        return out + dump(p.props);
    }
    std::string operator()(packet::suback const& p) const { return answers(p.id, p.codes) + dump(p.props); }
    std::string operator()(packet::unsuback const& p) const { return answers(p.id, p.codes) + dump(p.props); }
    std::string operator()(packet::pingreq const&) const { return {}; }
    std::string operator()(packet::pingresp const&) const { return {}; }
    std::string operator()(packet::disconnect const& p) const { return reason(p.reason) + dump(p.props); }
    std::string operator()(packet::auth const& p) const { return reason(p.reason) + dump(p.props); }

private:
    static std::string answers(packet_id id, reason_codes const& codes) {
        std::string out = number("id", id);
        for (auto const code : codes) out += reason(code);
        return out;
    }
};

template <class Packet>
    requires requires { Packet::type; }
std::string dump(Packet const& p) {
    return std::string(aldis::name_of(Packet::type)) + field_printer{}(p);
}
inline std::string dump(any_packet const& p) {
    return std::visit([](auto const& packet) { return dump(packet); }, p);
}

/// "qos_invalid at 3"
inline std::string dump(codec::fault const& f) { return std::string(name_of(f.code)) + " at " + std::to_string(f.offset); }

/// The packet's line, or "error qos_invalid at 3".
template <class Value>
std::string dump(codec::result<Value> const& r) {
    return r ? dump(*r) : "error " + dump(r.error());
}

} // namespace aldis::test

namespace aldis {
inline std::ostream& operator<<(std::ostream& out, bytes_view bytes) { return out << test::to_hex(bytes); }
inline std::ostream& operator<<(std::ostream& out, any_packet const& p) { return out << test::dump(p); }
inline std::ostream& operator<<(std::ostream& out, properties const& p) { return out << test::dump(p); }
inline std::ostream& operator<<(std::ostream& out, reason_code code) { return out << test::hex_byte(static_cast<unsigned>(code)); }
namespace packet {
template <class Packet>
    requires requires { Packet::type; }
std::ostream& operator<<(std::ostream& out, Packet const& p) { return out << test::dump(p); }
} // namespace packet
namespace codec {
inline std::ostream& operator<<(std::ostream& out, errc code) { return out << test::name_of(code); }
inline std::ostream& operator<<(std::ostream& out, fault const& f) { return out << test::dump(f); }
} // namespace codec
} // namespace aldis
