// The configuration: what each setter refuses, what does not fit together, and what the client below is told.
#include "config.hpp"

#include <cmath>

#include <aldis/codec/encode.hpp>
#include <aldis/codec/packet.hpp>
#include <aldis/transport/connect_options.hpp>
#include <aldis/transport/endpoint.hpp>

#include "failure.hpp"

namespace aldis {

using blocking::raise_invalid;

namespace {

constexpr char const* here = "blocking_config";

void require(bool holds, char const* cause) {
    if (!holds) raise_invalid(here, cause);
}

} // namespace

blocking_config::blocking_config(std::string host, std::optional<std::uint16_t> port) : host_(std::move(host)), port_(port) {}

blocking_config blocking_config::from_uri(std::string uri) {
    auto const where = transport::parse_endpoint(uri);
    if (!where) raise_invalid(here, where.error().message(), error_code(where.error().code()));
    blocking_config made(where->host(), where->port());
    if (where->user_name()) made.user_name(where->user_name());
    if (where->password()) made.password(where->password());
    made.uri_ = std::move(uri);
    return made;
}

blocking_config& blocking_config::proxy(std::string uri) {
    auto const read = transport::parse_proxy(uri);
    if (!read) raise_invalid("the proxy's address", read.error().message(), error_code(read.error().code()));
    proxy_ = std::move(uri);
    return *this;
}

blocking_config& blocking_config::connect_timeout(std::chrono::milliseconds value) {
    require(value.count() > 0, "the connect timeout is above zero: an attempt without a limit would never fail");
    connect_timeout_ = value;
    return *this;
}

blocking_config& blocking_config::session_expiry(std::chrono::seconds value) {
    require(value.count() >= 0, "the session expiry is not negative; `never` keeps it for ever");
    session_expiry_ = value;
    return *this;
}

blocking_config& blocking_config::keep_alive(std::chrono::seconds value) {
    require(value.count() >= 0 && value.count() <= 0xFFFF, "the keep-alive has 0 to 65,535 seconds");
    keep_alive_ = value;
    return *this;
}

blocking_config& blocking_config::heartbeat_check_ratio(double value) {
    require(std::isfinite(value) && value > 0 && value <= 1, "the heartbeat check ratio is above 0 and at most 1");
    heartbeat_check_ratio_ = value;
    return *this;
}

blocking_config& blocking_config::reconnect_delay(std::chrono::milliseconds initial, std::chrono::milliseconds maximum) {
    require(initial.count() > 0 && initial <= maximum, "the reconnect delays are above zero, the initial one not above the maximum");
    initial_delay_ = initial;
    maximum_delay_ = maximum;
    return *this;
}

blocking_config& blocking_config::publish_queue_size(std::size_t messages) {
    require(messages > 0, "the publish queue has a bound of at least 1: one without a bound takes all memory when the server stays away");
    publish_queue_size_ = messages;
    return *this;
}

blocking_config& blocking_config::max_unfinished(std::size_t messages, std::size_t bytes) {
    require(messages > 0 && bytes > 0, "unfinished messages have a bound of at least 1");
    max_unfinished_ = messages;
    max_unfinished_bytes_ = bytes;
    return *this;
}

blocking_config& blocking_config::max_in_flight(std::uint16_t value) {
    require(value > 0, "at least 1 message is in flight; 65,535 is the most that MQTT has");
    max_in_flight_ = value;
    return *this;
}

} // namespace aldis

namespace aldis::blocking {

namespace {

transport::endpoint endpoint_of(blocking_config const& config) {
    bool const has_tls = config.tls().has_value();
    if (!config.uri().empty()) {
        auto where = *transport::parse_endpoint(config.uri());
        if (has_tls && where.via() == transport::scheme::tcp) where.via(transport::scheme::tls);
        if (has_tls && where.via() == transport::scheme::ws) where.via(transport::scheme::wss);
        return where;
    }
    using enum transport::scheme;
    bool const          is_web = config.transport() == transport_kind::websockets;
    transport::endpoint where(is_web ? (has_tls ? wss : ws) : (has_tls ? tls : tcp), config.host(), config.port());
    if (is_web) where.path(config.websocket_path());
    return where;
}

transport::tls_options tls_of(tls_settings const& chosen) {
    using transport::tls_verification;
    auto const version = [](tls_protocol v) { return v == tls_protocol::v1_2 ? transport::tls_version::v1_2 : transport::tls_version::v1_3; };
    transport::tls_options made;
    made.ca_file(chosen.ca_file()).ca_directory(chosen.ca_directory()).certificate_file(chosen.certificate_file()).key_file(chosen.key_file());
    made.versions(version(chosen.lowest()), version(chosen.highest())).ciphers(chosen.ciphers()).suites(chosen.suites());
    made.server_name(chosen.server_name());
    if (chosen.any_name()) made.verification(tls_verification::peer_of_any_name);
    if (chosen.insecure()) made.verification(tls_verification::insecure_accept_anyone);
    if (chosen.key_password()) made.key_password([word = *chosen.key_password()](std::string_view) { return std::optional(word); });
    if (!chosen.psk_identity().empty()) made.psk(chosen.psk_identity(), chosen.psk_key());
    if (chosen.context()) made.native(chosen.context());
    return made;
}

transport::connect_options way_of(blocking_config const& config) {
    transport::connect_options way;
    transport::websocket_options web;
    for (auto const& [name, value] : config.websocket_headers()) web.add_header(name, value);
    way.websocket(std::move(web)).local_address(config.local_address()).service_lookup(config.service_lookup());
    if (config.tls()) way.tls(tls_of(*config.tls()));
    if (!config.proxy().empty()) way.proxy(*transport::parse_proxy(config.proxy()));
    return way;
}

/// What is in a store belongs to a session that goes on.
bool begins_anew(blocking_config const& config) { return config.clean_start() && config.store().empty(); }

session::settings settings_of(blocking_config const& config) {
    session::settings how;
    auto const        thousandths = static_cast<std::uint16_t>(std::lround(config.heartbeat_check_ratio() * 1000));
    how.ping_after = std::max<std::uint16_t>(thousandths, 1);
    how.max_in_flight = config.max_in_flight();
    how.queue.messages = config.max_unfinished();
    how.queue.bytes = config.max_unfinished_bytes();
    how.resume = !begins_anew(config);
    return how;
}

} // namespace

connect_options to_options(blocking_config const& config, protocol version) {
    connect_options made(endpoint_of(config));
    bool const      is_anew = !is_v5(version) && begins_anew(config);
    made.transport(way_of(config)).connect_timeout(config.connect_timeout()).settings(settings_of(config)).version(version);
    made.client_id(config.client_id()).user_name(config.user_name()).password(config.password()).keep_alive(config.keep_alive());
    made.session_expiry(is_anew ? std::chrono::seconds(0) : config.session_expiry());
    if (config.will()) made.will(*config.will());
    if (is_v5(version))
        for (auto const& [name, value] : config.user_properties()) made.user_property(name, value);
    return made;
}

std::string address_of(blocking_config const& config) { return to_string(endpoint_of(config)); }

void check(blocking_config const& config) {
    constexpr auto here = "blocking_config";
    bool const     is_old = config.version() && !is_v5(*config.version());
    if (config.host().empty() && config.uri().empty()) raise_invalid(here, "the host is empty");
    if (is_old && config.client_id().empty() && !config.clean_start())
        raise_invalid(here, "3.1.1 has no session for an empty client identifier: choose one, or clean_start(true)",      // [v3-MQTT-3.1.3-7]
                      bad_argument(codec::errc::client_id_empty));
    if (!config.store().empty() && config.client_id().empty()) raise_invalid(here, "a store needs a client identifier: another one would be another session");
    if (is_old && !config.user_properties().empty()) raise_invalid(here, codec::errc::not_expressible);

    packet::connect request;
    request.version = config.version().value_or(protocol::v5);
    request.client_id = config.client_id();
    if (config.user_name()) request.user_name = *config.user_name();
    if (config.password()) request.password = to_bytes(*config.password());
    if (config.will()) {
        packet::will& last = request.last_will.emplace();
        last.topic = config.will()->topic();
        last.payload = config.will()->payload();
        last.qos = config.will()->qos();
        last.retain = config.will()->retain();
        if (!is_old || !config.will()->props().view().empty()) last.props = config.will()->props().view();
    }
    property_list props;
    for (auto const& [name, value] : config.user_properties()) props.add<property_id::user_property>({name, value});
    request.props = props.view();
    if (auto const wrong = props.flaw()) raise_invalid(here, *wrong);
    auto const size = codec::encoded_size(request, {request.version, sender::client});
    if (!size) raise_invalid(here, size.error().code);
}

} // namespace aldis::blocking
