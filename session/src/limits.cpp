// Limits as the properties of CONNECT and CONNACK state them.
#include <aldis/session/limits.hpp>

namespace aldis::session {

limits limits_of(properties const& props) noexcept {
    limits told;
    for (auto const& p : props) {
        switch (p.id) {
            using enum property_id;
        case receive_maximum: told.receive_maximum = static_cast<std::uint16_t>(p.number); break;
        case maximum_packet_size: told.maximum_packet_size = p.number; break;
        case topic_alias_maximum: told.topic_alias_maximum = static_cast<std::uint16_t>(p.number); break;
        case maximum_qos: told.maximum_qos = static_cast<qos_level>(p.number); break;
        case retain_available: told.retain_available = p.number != 0; break;
        case wildcard_subscription_available: told.wildcard_subscription_available = p.number != 0; break;
        case subscription_identifier_available: told.subscription_identifier_available = p.number != 0; break;
        case shared_subscription_available: told.shared_subscription_available = p.number != 0; break;
        default: break;
        }
    }
    return told;
}

} // namespace aldis::session
