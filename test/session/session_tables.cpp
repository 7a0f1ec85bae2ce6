// Prints the tables of the session as the diagrams and tables that docs/session.md shows: what is drawn there is what runs.
#include <cstdio>
#include <string>
#include <string_view>

#include <aldis/session/delivery.hpp>
#include <aldis/session/role.hpp>

using namespace aldis;
using namespace aldis::session;

namespace {

template <class... Args>
void print(char const* format, Args... args) { std::printf(format, args...); }
void print(char const* text) { std::fputs(text, stdout); }

char const* name(out_state s) {
    switch (s) {
    case out_state::wait_puback: return "wait_puback";
    case out_state::wait_pubrec: return "wait_pubrec";
    case out_state::wait_pubcomp: return "wait_pubcomp";
    }
    return "?";
}
char const* name(out_input i) {
    switch (i) {
    case out_input::puback: return "PUBACK";
    case out_input::pubrec: return "PUBREC";
    case out_input::pubrec_refused: return "PUBREC from 0x80";
    case out_input::pubcomp: return "PUBCOMP";
    }
    return "?";
}
char const* name(in_state s) {
    switch (s) {
    case in_state::none: return "none";
    case in_state::held: return "held";
    case in_state::received: return "received";
    }
    return "?";
}
char const* name(in_input i) {
    switch (i) {
    case in_input::publish: return "PUBLISH";
    case in_input::accepted: return "accepted by its owner";
    case in_input::refused: return "refused by its owner";
    case in_input::pubrel: return "PUBREL";
    }
    return "?";
}
char const* name(in_reply r) {
    switch (r) {
    case in_reply::nothing: return "";
    case in_reply::pubrec: return "PUBREC";
    case in_reply::pubrec_refused: return "PUBREC from 0x80";
    case in_reply::pubcomp: return "PUBCOMP";
    case in_reply::pubcomp_not_found: return "PUBCOMP 0x92";
    case in_reply::close: return "close with 0x82";
    }
    return "?";
}
char const* name(phase p) {
    switch (p) {
    case phase::start: return "start";
    case phase::connecting: return "connecting";
    case phase::accepting: return "accepting";
    case phase::authenticating: return "authenticating";
    case phase::open: return "open";
    case phase::finished: return "finished";
    }
    return "?";
}
char const* name(farewell f) {
    switch (f) {
    case farewell::nothing: return "nothing";
    case farewell::connack: return "CONNACK";
    case farewell::disconnect: return "DISCONNECT";
    }
    return "?";
}

std::string names(places set) {
    std::string text;
    for (unsigned t = 1; t <= 15; ++t)
        if (auto const type = static_cast<packet_type>(t); (set & in(type)) != 0) text.append(text.empty() ? "" : " ").append(name_of(type));
    return text.empty() ? "nothing" : text;
}

std::string clause(std::string_view id) { return id.empty() ? std::string{} : "[" + std::string{id} + "]"; }

void sending_half() {
    print("```mermaid\nstateDiagram-v2\n    [*] --> wait_puback: PUBLISH at QoS 1\n    [*] --> wait_pubrec: PUBLISH at QoS 2\n");
    for (auto const& s : out_steps)
        print("    %s --> %s: %s%s\n", name(s.from), s.to ? name(*s.to) : "[*]", name(s.on), s.send == reply::pubrel ? " / PUBREL" : "");
    print("```\n\n| in state | on | goes to | sends | clause |\n| --- | --- | --- | --- | --- |\n");
    for (auto const& s : out_steps)
        print("| %s | %s | %s | %s | %s |\n", name(s.from), name(s.on), s.to ? name(*s.to) : "complete, identifier free",
              s.send == reply::pubrel ? "PUBREL" : "", clause(s.clause).c_str());
    for (auto const& s : stray_rows)
        print("| identifier not in use | %s | | %s | %s |\n", name(s.on), s.then == stray::ignore ? "" : "PUBREL 0x92", clause(s.clause).c_str());
}

void receiving_half() {
    print("```mermaid\nstateDiagram-v2\n    none: identifier free\n");
    for (auto const& s : in_steps) {
        std::string const sends = name(s.send);
        print("    %s --> %s: %s%s%s\n", name(s.from), s.send == in_reply::close ? "[*]" : name(s.to), name(s.on), sends.empty() ? "" : " / ", sends.c_str());
    }
    print("```\n\n| in state | on | goes to | sends | handed on | clause |\n| --- | --- | --- | --- | --- | --- |\n");
    for (auto const& s : in_steps)
        print("| %s | %s | %s | %s | %s | %s |\n", name(s.from), name(s.on), name(s.to), name(s.send), s.arrives ? "yes" : "", clause(s.clause).c_str());
}

void phases() {
    print("| role | phase | may receive in 3.1.1 | and in 5.0 | clause |\n| --- | --- | --- | --- | --- |\n");
    for (auto const& row : may_receive_table)
        print("| %s | %s | %s | %s | %s |\n", row.who == role::client ? "client" : "server", name(row.when), names(row.v3).c_str(), names(row.v5).c_str(),
              clause(row.clause).c_str());
}

void farewells() {
    print("| role | phase | in 3.1.1 | in 5.0 | clause |\n| --- | --- | --- | --- | --- |\n");
    for (auto const& row : farewell_table)
        print("| %s | %s | %s | %s | %s |\n", row.who == role::client ? "client" : "server", name(row.when), name(row.v3), name(row.v5), clause(row.clause).c_str());
}

} // namespace

int main() {
    print("### Sending at QoS 1 and 2\n\n");
    sending_half();
    print("\n### Receiving at QoS 2\n\n");
    receiving_half();
    print("\n### Who may receive what\n\n");
    phases();
    print("\n### What is said to a peer that is refused\n\n");
    farewells();
}
