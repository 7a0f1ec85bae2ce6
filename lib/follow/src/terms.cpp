// CONNECT and CONNACK read for what they agree about: 3.1.2 and 3.2.2.
#include "terms.hpp"

#include <aldis/codec/property.hpp>

namespace aldis::follow {
namespace {

void take_number(terms& out, property_id id, std::uint32_t value) noexcept {
    switch (id) {
    case property_id::receive_maximum: out.receive_maximum = value; break;
    case property_id::topic_alias_maximum: out.alias_maximum = value; break;
    case property_id::maximum_packet_size: out.packet_maximum = value; break;
    case property_id::server_keep_alive: out.keep_alive = value; break;
    case property_id::maximum_qos: out.maximum_qos = value; break;
    case property_id::retain_available: out.retain = value != 0; break;
    case property_id::wildcard_subscription_available: out.wildcards = value != 0; break;
    case property_id::subscription_identifier_available: out.identifiers = value != 0; break;
    case property_id::shared_subscription_available: out.shared = value != 0; break;
    default: break;
    }
}

} // namespace

terms terms_of(dissect::tree const& t) noexcept {
    using dissect::field;
    terms       out;
    property_id id{};
    for (auto const& n : t.nodes) {
        switch (n.id) {
        case field::kalive: out.keep_alive = static_cast<std::uint32_t>(n.number); break;
        case field::conflag_cleansess: out.clean = n.number != 0; break;
        case field::conack_flags_sp: out.session_present = n.number != 0; break;
        case field::property_id: id = static_cast<property_id>(n.number); break;
        case field::prop_number:
        case field::max_qos: take_number(out, id, static_cast<std::uint32_t>(n.number)); break;
        case field::prop_string:
            if (id == property_id::assigned_client_identifier) out.assigned_id = t.text_of(n);
            if (id == property_id::authentication_method) out.has_method = true;
            break;
        default: break;
        }
    }
    return out;
}

} // namespace aldis::follow
