// What goes to standard error.
#include "report.hpp"

#include <array>
#include <cstdio>

#include <boost/asio/error.hpp>
#include <fmt/format.h>

#include "exit_code.hpp"
#include "terminal.hpp"

namespace aldis::app {
namespace {

std::string place_of(connection_options const& c) {
    if (!c.unix_path.empty()) return fmt::format("the socket {}", c.unix_path);
    return fmt::format("host '{}', port {}", c.host, c.port.value_or(1883));
}

bool is_lookup_failure(error_code const& why) {
    return why.category() == boost::asio::error::get_netdb_category() || why.category() == boost::asio::error::get_addrinfo_category();
}

struct row {
    error       code;
    int         exit;
    char const* text;
};

constexpr std::array endings{
    row{error::connection_lost, exit_code::connection_lost, "The connection was lost."},
    row{error::no_answer, exit_code::connection_lost,
        "The connection was lost: it was closed before the broker answered. Is it an MQTT listener without TLS?"},
    row{error::connect_timed_out, exit_code::connection_lost,
        "The connection was lost: the broker did not answer in time. Is it an MQTT listener without TLS?"},
    row{error::ping_timed_out, exit_code::keep_alive_timeout, "Keepalive exceeded: the broker does not answer any more."},
    row{error::packet_timed_out, exit_code::connection_lost, "The connection was lost: the broker stopped in the middle of a packet."},
    row{error::closed_by_peer, exit_code::connection_lost, "The connection was lost: the broker closed it."},
};

constexpr std::array refusals{
    row{error::qos_not_supported, exit_code::qos_not_supported, "Message QoS not supported on broker, try a lower QoS."},
    row{error::retain_not_supported, exit_code::retain_not_supported, "Retained messages are not supported on broker, try without -r."},
    row{error::too_large, exit_code::packet_too_large, "Message payload is too large: the broker does not take packets of this size."},
    row{error::alias_invalid, exit_code::failure,
        "Topic alias not possible: the broker does not take one of this number, leave out -D publish topic-alias."},
    row{error::not_connected, exit_code::connection_lost, "The connection was lost."},
};

template <std::size_t Size>
row const* find(std::array<row, Size> const& rows, error_code const& why) {
    for (auto const& one : rows)
        if (why == one.code) return &one;
    return nullptr;
}

} // namespace

void print_line(std::string_view text) {
    auto const line = visible(text) + '\n';
    std::fwrite(line.data(), 1, line.size(), stderr);
}

void print_error(std::string_view text) { print_line(fmt::format("Error: {}", text)); }

failure connect_failure(error_code const& why, options const& given) {
    auto const& c = given.connection;
    if (is_lookup_failure(why))
        return {exit_code::failure,
                fmt::format("Unable to connect (Lookup error.): no address found for host '{}', check the name (-h).", c.host)};
    if (auto const* one = find(endings, why)) return {one->exit, fmt::format("Error: {}", one->text)};
    if (why == condition::malformed || why == condition::protocol_error)
        return {exit_code::malformed_packet,
                fmt::format("Error: Malformed packet: what answers at {} is not an MQTT broker, or of another version (-V): {}.",
                            place_of(c), why.message())};
    if (why == condition::local_misuse) return {exit_code::failure, fmt::format("Error: {}.", why.message())};
    if (why == boost::asio::error::connection_refused)
        return {exit_code::failure,
                fmt::format("Error: {}: nothing listens at {}. Is the broker running? Check -h and -p.", why.message(), place_of(c))};
    auto const advice = c.unix_path.empty() ? "Check -h, -p, -A and the network."
                                            : "Check the path (--unix), and that the broker listens there.";
    return {exit_code::failure, fmt::format("Error: {}: cannot connect to {}. {}", why.message(), place_of(c), advice)};
}

failure connection_failure(error_code const& why) {
    if (auto const* one = find(endings, why)) return {one->exit, one->text};
    auto const reason = reason_of(why);
    if (is_error(reason) && why == make_error_code(reason))
        return {static_cast<int>(reason),
                fmt::format("The broker ended the connection: {}.", name_of(reason, packet_type::disconnect))};
    if (why == condition::malformed) return {exit_code::malformed_packet, fmt::format("Malformed packet from the broker: {}.", why.message())};
    if (is_error(reason))
        return {exit_code::protocol_error,
                fmt::format("The broker broke the protocol: {}.", name_of(reason, packet_type::disconnect))};
    return {exit_code::connection_lost, fmt::format("The connection was lost: {}.", why.message())};
}

failure publish_failure(error_code const& why) {
    if (auto const* one = find(refusals, why)) return {one->exit, one->text};
    return {exit_code::failure, fmt::format("The message could not be sent: {}.", why.message())};
}

} // namespace aldis::app
