// From the options of a command line to those of a client.
#include "setup.hpp"

#include <random>

#include <fmt/format.h>
#include <unistd.h>

#include "way.hpp"

namespace aldis::app {
namespace {

std::string random_id() {
    static constexpr std::string_view letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    std::random_device source;
    std::uniform_int_distribution<std::size_t> pick{0, letters.size() - 1};
    std::string id = "aldis-";
    for (int i = 0; i < 16; ++i) id += letters[pick(source)];       // 3.1 allows 23 characters in all
    return id;
}

std::chrono::seconds lifetime(std::uint32_t seconds) { return seconds == never_expires ? never : std::chrono::seconds{seconds}; }

session::settings settings_of(options const& given) {
    session::settings made;
    made.max_in_flight = given.connection.max_in_flight;
    made.automatic_aliases = 0;                                    // -d shows each message with its topic
    made.resume = !given.connection.clean_start;
    made.queue.messages = 100'000;
    made.queue.bytes = std::size_t{2} * max_packet_size;
    return made;
}

// The properties that the client keeps account of are told to it; the others it passes on.
void add_properties(connect_options& out, session::settings& limits, properties const& given) {
    property_list others;
    for (auto const& one : given) {
        if (one.id == property_id::receive_maximum) limits.own.receive_maximum = static_cast<std::uint16_t>(one.number);
        else if (one.id == property_id::maximum_packet_size) limits.own.maximum_packet_size = one.number;
        else if (one.id == property_id::topic_alias_maximum) limits.own.topic_alias_maximum = static_cast<std::uint16_t>(one.number);
        else if (one.id == property_id::session_expiry_interval) out.session_expiry(lifetime(one.number));
        else others.add(one);
    }
    out.props(std::move(others));
}

will_message will_of(options const& given) {
    will_message made{*given.will.topic, given.will.payload.value_or("")};
    made.qos(given.will.qos).retain(given.will.retain).props(given.properties_of(property_target::will));
    return made;
}

} // namespace

protocol first_version(options const& given) noexcept {
    switch (given.connection.version) {
    case protocol_choice::v3_1: return protocol::v3_1;
    case protocol_choice::v3_1_1: return protocol::v3_1_1;
    case protocol_choice::v5: case protocol_choice::automatic: break;
    }
    return protocol::v5;
}

std::string client_id_of(options const& given, protocol version) {
    auto const& c = given.connection;
    if (c.client_id) return *c.client_id;
    if (c.client_id_prefix) return fmt::format("{}{}", *c.client_id_prefix, ::getpid());
    return version == protocol::v3_1 ? random_id() : std::string{};  // 3.1 has no empty identifiers
}

connect_options setup_of(options const& given, transport::connect_options const& way, protocol version, std::string const& client_id) {
    auto const& c = given.connection;
    connect_options out{endpoint_of(c)};
    out.transport(way);
    out.version(version).client_id(client_id).user_name(c.user_name).password(c.password);
    out.keep_alive(std::chrono::seconds{c.keep_alive}).clean_start(c.clean_start);
    if (c.session_expiry && (is_v5(version) || !c.clean_start)) out.session_expiry(lifetime(*c.session_expiry));
    if (given.will.topic) out.will(will_of(given));
    auto settings = settings_of(given);
    add_properties(out, settings, given.properties_of(property_target::connect));
    return out.settings(settings);
}

disconnect_options leaving_of(options const& given, protocol version, bool with_will) {
    disconnect_options out;
    if (!is_v5(version)) return out;
    if (with_will) out.reason(reason_code::disconnect_with_will);
    out.props(given.properties_of(property_target::disconnect));
    return out;
}

} // namespace aldis::app
