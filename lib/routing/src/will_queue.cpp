// Wills that wait for their connection, their delay or the end of their session (3.1.2.5, 3.1.3.2.2).
#include <aldis/routing/will_queue.hpp>

#include <algorithm>

namespace aldis::routing {

void will_queue::connected(session_no session, std::optional<will> left) {
    drop(session);                                                 // [MQTT-3.1.3-9]
    if (left) kept_.emplace(session, kept{std::move(*left), {}});  // [MQTT-3.1.2-7] [v3-MQTT-3.1.2-12]
}

void will_queue::drop(session_no session) {
    if (auto const at = kept_.find(session); at != kept_.end()) erase(at);                               // [MQTT-3.14.4-3] [v3-MQTT-3.14.4-3]
}

void will_queue::disconnected(session_no session, session::time_point now, std::optional<session::time_point> session_ends) {
    auto const at = kept_.find(session);
    if (at == kept_.end() || at->second.due_at) return;
    auto const after_delay = now + at->second.what.delay;          // [MQTT-3.1.2-8] [v3-MQTT-3.1.2-8]
    set_due(at, session_ends ? std::min(after_delay, *session_ends) : after_delay);
}

void will_queue::ended(session_no session, session::time_point now) {
    auto const at = kept_.find(session);
    if (at == kept_.end() || !at->second.due_at || *at->second.due_at <= now) return;
    set_due(at, now);
}

std::optional<will_queue::due> will_queue::take_due(session::time_point now) {
    if (due_.empty() || due_.begin()->first > now) return std::nullopt;
    auto const at = kept_.find(due_.begin()->second);
    due        taken{at->first, std::move(at->second.what)};
    erase(at);                                                     // [MQTT-3.1.2-10] [v3-MQTT-3.1.2-10]
    return taken;
}

std::optional<session::time_point> will_queue::deadline() const noexcept {
    if (due_.empty()) return std::nullopt;
    return due_.begin()->first;
}

void will_queue::set_due(all::iterator at, session::time_point when) {
    if (at->second.due_at) due_.erase({*at->second.due_at, at->first});
    at->second.due_at = when;
    due_.emplace(when, at->first);
}

void will_queue::erase(all::iterator at) {
    if (at->second.due_at) due_.erase({*at->second.due_at, at->first});
    kept_.erase(at);
}

} // namespace aldis::routing
