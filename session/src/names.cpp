// Words for people: refusals and outcomes.
#include <array>
#include <string_view>

#include <aldis/session/engine.hpp>

namespace aldis::session {

std::string_view text_of(refusal why) noexcept {
    switch (why) {
    case refusal::not_connected: return "the connection is not open";
    case refusal::invalid: return "the packet breaks a rule of MQTT or cannot be expressed in this version";
    case refusal::queue_full: return "the queue of outgoing messages is full";
    case refusal::too_large: return "the packet is larger than the peer accepts";
    case refusal::no_identifier: return "all packet identifiers are in use";
    case refusal::stale: return "nothing waits for this answer any more";
    case refusal::qos_not_supported: return "the server does not support this QoS";
    case refusal::retain_not_supported: return "the server does not support retained messages";
    case refusal::wildcard_not_supported: return "the server does not support wildcard subscriptions";
    case refusal::shared_not_supported: return "the server does not support shared subscriptions";
    case refusal::subscription_id_not_supported: return "the server does not support subscription identifiers";
    case refusal::alias_invalid: return "the topic alias is above the peer's maximum or has no topic yet";
    }
    return "refused";
}

std::string_view name_of(event::outcome how) noexcept {
    switch (how) {
    case event::outcome::acknowledged: return "acknowledged";
    case event::outcome::refused: return "refused";
    case event::outcome::session_lost: return "session lost";
    case event::outcome::expired: return "expired";
    case event::outcome::too_large: return "too large for the peer";
    case event::outcome::not_supported: return "not supported by the peer";
    case event::outcome::dropped: return "dropped";
    }
    return "unknown";
}

} // namespace aldis::session
