// The detail tree, single values, and the annotated bytes.
#include <aldis/dissect/render.hpp>
#include <aldis/dissect/text.hpp>

#include <algorithm>

namespace aldis::dissect {
namespace {

constexpr char digits[] = "0123456789abcdef";

void append_hex_number(std::string& out, std::uint64_t number, unsigned width) {
    out += "0x";
    for (unsigned i = width; i-- > 0;) out += digits[number >> (4 * i) & 0xF];
}

/// "0011 .... = ": the bits of a byte that a field is.
void append_bits(std::string& out, std::uint8_t mask, std::uint64_t number) {
    unsigned shift = 0;
    while ((mask >> shift & 1) == 0) ++shift;
    auto const byte = number << shift;
    for (unsigned bit = 8; bit-- > 0;) {
        out += (mask >> bit & 1) == 0 ? '.' : (byte >> bit & 1) != 0 ? '1' : '0';
        if (bit == 4) out += ' ';
    }
    out += " = ";
}

void append_plain_number(std::string& out, field_spec const& spec, std::uint64_t number) {
    if (spec.is == kind::decimal) append_number(out, number);
    else append_hex_number(out, number, spec.mask == 0 ? 2 : 1);
}

void append_named_number(std::string& out, field_spec const& spec, std::uint64_t number) {
    auto const name = value_name(spec, number);
    if (!name) return append_plain_number(out, spec, number);
    out += name->empty() ? "Unknown" : *name;
    out += " (";
    append_plain_number(out, spec, number);
    out += ')';
}

class tree_writer {
public:
    tree_writer(std::string& out, tree const& t, view_options const& options) noexcept : out_(out), t_(t), options_(options) {}

    void write() {
        out_ += "MQ Telemetry Transport Protocol";
        if (has_name()) out_ += ", ", out_ += type_name(t_.what.type);
        out_ += '\n';
        for (std::size_t i = 0; i < t_.nodes.size(); ++i) write_line(i);
        if (t_.malformed) out_ += "[Malformed Packet: MQTT]\n";
        if (t_.truncated) out_ += "[Packet size limited during capture: MQTT]\n";
    }

private:
    /// A packet of which not even the Remaining Length can be read goes without its type.
    bool has_name() const noexcept {
        return std::any_of(t_.nodes.begin(), t_.nodes.end(), [](node const& n) { return n.id == field::len; });
    }

    void indent(unsigned depth) { out_.append(std::size_t{4} * depth, ' '); }

    void write_line(std::size_t i) {
        auto const& n = t_.nodes[i];
        auto const& spec = spec_of(n.id);
        if (spec.is == kind::expert) return write_remark(n, spec);
        indent(n.depth);
        if (n.made) out_ += '[';
        if (spec.mask != 0) append_bits(out_, spec.mask, n.number);
        out_ += spec.label;
        if (spec.is != kind::group) out_ += ": ", write_value(n, spec);
        if (is_flags(n.id)) write_set_flags(i);
        if (n.made) out_ += ']';
        out_ += '\n';
    }

    static bool is_flags(field id) noexcept {
        return id == field::hdrflags || id == field::conflags || id == field::subscription_options || id == field::conack_flags;
    }

    void write_value(node const& n, field_spec const& spec) {
        switch (spec.is) {
        case kind::decimal:
        case kind::hexadecimal: return append_named_number(out_, spec, n.number);
        case kind::boolean: return (void)(out_ += n.number != 0 ? "Set" : "Not set");
        case kind::text: return write_text(n);
        case kind::bytes: return write_bytes(t_.bytes_of(n));
        default: return;
        }
    }

    /// Up to a null character, as Wireshark shows text; what follows is told by a remark.
    void write_text(node const& n) {
        if (is_secret(n.id) && !options_.secrets) return (void)(out_ += "****");
        auto const text = t_.text_of(n);
        append_shown(out_, text.substr(0, text.find('\0')));
    }

    void write_bytes(bytes_view bytes) {
        if (bytes.empty()) return (void)(out_ += "<MISSING>");
        append_hex(out_, bytes_view{bytes.first(std::min(bytes.size(), options_.most_bytes))});
        if (bytes.size() > options_.most_bytes) out_ += "…";
    }

    /// ", DUP Flag, QoS Level: ...": the flags that are set, and the fields that have names, of the byte at `i`.
    void write_set_flags(std::size_t i) {
        for (std::size_t k = i + 1; k < t_.nodes.size() && t_.nodes[k].depth > t_.nodes[i].depth; ++k) {
            auto const& n = t_.nodes[k];
            auto const& spec = spec_of(n.id);
            bool const named = value_name(spec, n.number).has_value();
            if (spec.mask == 0 || (spec.is == kind::boolean ? n.number == 0 : !named)) continue;
            out_ += ", ";
            out_ += spec.label;
            if (named) out_ += ": ", out_ += *value_name(spec, n.number);
        }
    }

    void write_remark(node const& n, field_spec const& spec) {
        if (n.made) return;                                        // taken back
        bool const stray = n.id == field::stray_characters;
        bool const warns = stray || n.id == field::illegal_topic_length;
        std::string_view const group = stray ? "Undecoded" : "Protocol";
        auto const             depth = n.id == field::unknown_version ? 1U : n.depth;
        indent(depth), out_ += "[Expert Info (", out_ += warns ? "Warning/" : "Note/", out_ += group, out_ += "): ", out_ += spec.label, out_ += "]\n";
        indent(depth + 1), out_ += '[', out_ += spec.label, out_ += "]\n";
        indent(depth + 1), out_ += warns ? "[Severity level: Warning]\n" : "[Severity level: Note]\n";
        indent(depth + 1), out_ += "[Group: ", out_ += group, out_ += "]\n";
    }

    std::string&        out_;
    tree const&         t_;
    view_options const& options_;
};

/// "  0002  00 03 61 ": one line of at most 16 bytes; `width` of them are filled up with blanks.
void append_byte_line(std::string& out, bytes_view packet, std::size_t at, std::size_t size, std::size_t width) {
    out += "  ";
    for (unsigned i = 5; i-- > 0;) out += digits[at >> (4 * i) & 0xF];
    out += ' ';
    for (std::size_t i = 0; i < width; ++i) {
        out += ' ';
        if (i < size) append_hex(out, bytes_view{packet.subspan(at + i, 1)});
        else out += "  ";
    }
    out += "  ";
    for (std::size_t i = 0; i < width; ++i) {
        auto const c = i < size ? std::to_integer<unsigned>(packet[at + i]) : 0x20U;
        out += c >= 0x20 && c < 0x7F ? static_cast<char>(c) : '.';
    }
}

} // namespace

void append_tree(std::string& out, tree const& t, view_options const& options) { tree_writer{out, t, options}.write(); }

void append_value(std::string& out, tree const& t, node const& n, view_options const& options) {
    auto const& spec = spec_of(n.id);
    switch (spec.is) {
    case kind::decimal:
    case kind::hexadecimal: return append_plain_number(out, spec, n.number);
    case kind::boolean:
    case kind::group:
    case kind::expert: return (void)(out += spec.is == kind::boolean && n.number == 0 ? '0' : '1');
    case kind::text:
        if (is_secret(n.id) && !options.secrets) out += "****";
        else append_shown(out, t.text_of(n));
        return;
    case kind::bytes:
        if (n.size == 0) out += "<MISSING>";
        else append_hex(out, t.bytes_of(n));
        return;
    }
}

void append_bytes(std::string& out, tree const& t, view_options const& options) {
    constexpr std::size_t width = 16;
    std::size_t           done = 0;
    // Bytes in front of `end` that no field covers yet, then the field's own.
    auto const lines = [&](std::size_t end, std::string_view label, node const* n) {
        bool first = true;
        for (; done < end; first = false) {
            auto const size = std::min(width, end - done);
            if (n != nullptr && is_secret(n->id) && !options.secrets) {
                out.append(width * 3 + 11, ' ');
                done = end;
            } else {
                append_byte_line(out, t.bytes, done, size, width);
                done += size;
            }
            if (first) out += "  ", out += label;
            if (first && n != nullptr && spec_of(n->id).is != kind::bytes) out += ": ", append_value(out, t, *n, options);
            out += '\n';
        }
    };
    for (auto const& n : t.nodes) {
        auto const& spec = spec_of(n.id);
        bool const covers = !n.made && n.size != 0 && spec.is != kind::group && spec.is != kind::expert && n.at + n.size > done;
        if (!covers) continue;
        lines(n.at, "Length", nullptr);
        lines(n.at + n.size, spec.label, &n);
    }
    lines(t.bytes.size(), t.malformed ? "not read" : "not a field", nullptr);
}

} // namespace aldis::dissect
