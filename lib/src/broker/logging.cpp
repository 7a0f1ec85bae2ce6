// What the broker has to say: one line for each thing that happens, with what clients sent escaped.
#include <aldis/dissect/text.hpp>

#include "core.hpp"

namespace aldis::serving {

std::string core::shown(std::string_view text) {
    constexpr std::size_t most = 256;
    std::string           out;
    dissect::append_shown(out, text.substr(0, dissect::whole_characters(text, most)));
    if (text.size() > most) out += "...";
    return out;
}

void core::log(aldis::log_level level, std::string_view line) const {
    if (!logs(level)) return;
    auto const options = options_;
    options->log()(level, line);
}

void core::log_connected(peer const& p) const {
    if (!logs(log_level::notice)) return;
    auto const& who = *p.who;
    auto const& request = p.asking->request;
    std::string line = shown(who.client_id) + " connected from " + p.address + " (MQTT " + std::string(name_of(request.version));
    if (who.user_name) line += ", user " + shown(*who.user_name);
    line += request.clean_start ? ", new session" : ", session kept";
    line += ", keep-alive " + std::to_string(request.keep_alive) + " s)";
    log(log_level::notice, line);
}

void core::log_refused(peer const& p, reason_code why) const {
    if (!logs(log_level::notice)) return;
    auto const& name = p.asking->request.client_id;
    log(log_level::notice, (name.empty() ? std::string("a client") : shown(name)) + " from " + p.address + " is refused: " + std::string(name_of(why)));
}

void core::log_end(peer const& p, session::event::closed const& e) const {
    using by = session::event::closed::by;
    if (!logs(log_level::notice)) return;
    bool const  was_in = p.at == peer::stage::admitted;
    if (!was_in && e.who == by::us) return;                        // refused, which was said
    std::string line = was_in ? shown(p.who->client_id) : "a client from " + p.address;
    switch (e.who) {
    case by::peer: line += e.discard_will ? " left" : " left without its will being taken back: " + std::string(name_of(e.reason, packet_type::disconnect)); break;
    case by::network: line += " is gone: the connection was lost"; break;
    case by::violation:
        line += " is closed for what it sent: ";
        line += e.cause ? std::string(codec::spec_of(e.cause->code).text) : std::string(name_of(e.reason, packet_type::disconnect));
        break;
    case by::us: line += " is closed: " + std::string(name_of(e.reason, packet_type::disconnect)); break;
    }
    log(log_level::notice, line);
}

} // namespace aldis::serving
