// One line for a packet, in the words of Wireshark's Info column.
#include <aldis/dissect/render.hpp>
#include <aldis/dissect/text.hpp>

namespace aldis::dissect {
namespace {

void append_in_brackets(std::string& out, std::string_view text) {
    out += " [";
    append_shown(out, text);
    out += ']';
}

/// An empty filter shows the one before it again, as Wireshark has it.
void append_filters(std::string& out, tree const& t) {
    std::string_view filter;
    for (std::size_t i = 0; i < t.nodes.size(); ++i) {
        if (t.nodes[i].id != field::topic_len) continue;
        bool const read = i + 1 < t.nodes.size() && t.nodes[i + 1].id == field::topic;
        if (read) filter = t.text_of(t.nodes[i + 1]);
        else if (t.nodes[i].number != 0) return;                   // it does not fit in the packet
        append_in_brackets(out, filter);
    }
}

} // namespace

void append_info(std::string& out, tree const& t) {
    auto const& w = t.what;
    if (t.nodes.empty()) return (void)(out += "[Malformed Packet]");
    out += type_name(w.type);
    if (w.id) {
        out += " (id=";
        append_number(out, *w.id);
        out += ')';
    }
    if (w.is(packet_type::publish) && (w.has_payload || (t.truncated && w.has_topic))) append_in_brackets(out, w.topic);
    if (w.is(packet_type::subscribe)) append_filters(out, t);
    if (t.malformed) out += "[Malformed Packet]";
}

void append_reason(std::string& out, stop const& why) {
    if (!why.why.empty()) return (void)(out += why.why);
    out += "the packet ends inside ";
    out += spec_of(why.where).label;
    out += ": ";
    append_number(out, why.wanted);
    out += why.wanted == 1 ? " byte wanted, " : " bytes wanted, ";
    append_number(out, why.left);
    out += " left";
}

void append_clause(std::string& out, tree const& t) {
    if (!t.malformed) return;
    bool const broken = !t.malformed->why.empty() && !t.violations.empty();
    if (broken) return (void)(out += t.violations.back().id);
    if (t.what.type == 0 || t.what.type > 15) return;
    out += "3.";
    append_number(out, t.what.type);
}

} // namespace aldis::dissect
