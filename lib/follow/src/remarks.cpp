// What is said about a packet beside Wireshark's words.
#include "remarks.hpp"

#include <aldis/codec/reason.hpp>
#include <aldis/dissect/render.hpp>
#include <aldis/dissect/text.hpp>

#include "finding_text.hpp"
#include <aldis/follow/printer.hpp>

namespace aldis::follow {
namespace {

constexpr std::size_t longest_name = 40;                           // of a client identifier in a line

void append_quoted(std::string& out, std::string_view text) {
    out += " \"";
    auto const cut = dissect::whole_characters(text, longest_name);
    dissect::append_shown(out, text.substr(0, cut));
    out += cut < text.size() ? "…\"" : "\"";
}

/// ` 0x87 Not authorized`, where it is not plain success.
void append_reason_code(std::string& out, dissect::tree const& t, dissect::node const& n) {
    constexpr char digits[] = "0123456789abcdef";
    out += " 0x";
    out += digits[n.number >> 4 & 0xF];
    out += digits[n.number & 0xF];
    auto const& spec = dissect::spec_of(n.id);
    auto const  name = dissect::value_name(spec, n.number);
    auto const  own = name_of(static_cast<reason_code>(n.number));
    if (name && !name->empty()) out += ' ', out += *name;
    else if (is_v5(t.version) && own != "unknown reason") out += ' ', out += own;   // Wireshark's tables have gaps
}

bool is_reason(dissect::field id) noexcept {
    using dissect::field;
    return (id >= field::connack_reason_code && id <= field::auth_reason_code) || id == field::conack_val || id == field::suback_qos;
}

/// The codes of an answer; those of SUBACK always, since they tell the QoS.
void append_reasons(std::string& out, dissect::tree const& t) {
    constexpr std::size_t most = 8;
    bool const            all = t.what.is(packet_type::suback);
    std::size_t           shown = 0;
    for (auto const& n : t.nodes) {
        if (!is_reason(n.id) || (!all && n.number == 0)) continue;
        if (++shown > most) return (void)(out += " …");
        if (all && n.number < 3) out += " q", out += static_cast<char>('0' + n.number);
        else append_reason_code(out, t, n);
    }
}

void append_publish(std::string& out, record const& r, print_options const& wanted) {
    auto const& w = r.what();
    if (w.qos() != 0) out += " q", out += static_cast<char>('0' + w.qos());
    if (w.dup()) out += " dup";
    if (w.retain()) out += " r";
    if (w.alias) out += " alias=", dissect::append_number(out, *w.alias);
    if (w.has_payload) out += ' ', dissect::append_number(out, w.payload.size()), out += 'B';
    if (!r.client.empty()) append_quoted(out, r.client);
    auto const before = out.size();
    append_payload(out, w, wanted.payload, wanted.payload_most);
    if (out.size() > before) out.insert(before, " : ");
}

void append_connect(std::string& out, dissect::tree const& t) {
    if (t.version_known) out += ' ', out += name_of(t.version);
    append_quoted(out, t.what.client_id);
    for (auto const& n : t.nodes) {
        using dissect::field;
        if (n.id == field::kalive) out += " keep-alive=", dissect::append_number(out, n.number);
        if (n.id == field::conflag_cleansess && n.number != 0) out += " clean";
        if (n.id == field::willtopic) out += " will=", dissect::append_shown(out, t.text_of(n).substr(0, dissect::whole_characters(t.text_of(n), longest_name)));
        if (n.id == field::username) out += " user=", dissect::append_shown(out, t.text_of(n).substr(0, dissect::whole_characters(t.text_of(n), longest_name)));
    }
}

bool has_session(dissect::tree const& t) noexcept {
    for (auto const& n : t.nodes)
        if (n.id == dissect::field::conack_flags_sp) return n.number != 0;
    return false;
}

} // namespace

palette const& palette_of(bool color) noexcept {
    static constexpr palette none{}, colors{"\033[1;31m", "\033[2m", "\033[36m", "\033[32m", "\033[0m"};
    return color ? colors : none;
}

void append_facts(std::string& out, record const& r, print_options const& wanted) {
    auto const& t = *r.tree;
    if (r.version_from == version_source::guess) out += " ~", out += name_of(t.version);
    if (t.what.is(packet_type::publish)) append_publish(out, r, wanted);
    else if (t.what.is(packet_type::connect)) append_connect(out, t);
    else append_reasons(out, t);
    if (t.what.is(packet_type::connack) && has_session(t)) out += " session-present";
    append_findings(out, r);
    for (auto const& each : r.extras)
        if (!each.text.empty()) out += ' ', out += each.text;
}

void append_wrongs(std::string& out, record const& r, palette const& colors) {
    auto const& t = *r.tree;
    if (!r.is_wrong() && !t.truncated) return;
    out += colors.wrong;
    for (auto const& v : t.violations) out += " !", out += v.id;
    if (t.malformed) {
        out += " !malformed at ";
        dissect::append_number(out, t.malformed->at);
        out += ": ";
        dissect::append_reason(out, *t.malformed);
        out += " [";
        dissect::append_clause(out, t);
        out += ']';
    }
    if (t.truncated) {
        out += " !cut: ";
        dissect::append_number(out, t.bytes.size());
        out += " of ";
        dissect::append_number(out, t.size);
        out += " bytes";
    }
    out += colors.off;
}

} // namespace aldis::follow
