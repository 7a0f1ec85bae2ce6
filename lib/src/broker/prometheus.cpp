// The counters and bounds of a broker in Prometheus' text format.
#include <aldis/broker_prometheus.hpp>

#include <array>
#include <cstdint>

#include "limit_table.hpp"

namespace aldis {

namespace {

struct metric_row {
    std::string_view name;                                         // behind aldis_broker_; counters end with _total
    std::string_view help;
    std::uint64_t (*value)(broker_metrics const& of);
};

constexpr std::array metric_rows{
    metric_row{"uptime_seconds", "Seconds since the broker was made.", [](broker_metrics const& m) -> std::uint64_t { return static_cast<std::uint64_t>(m.uptime.count()); }},
    metric_row{"connections", "Connections open now, those that are not let in yet among them.", [](broker_metrics const& m) -> std::uint64_t { return m.connections; }},
    metric_row{"clients", "Clients that are let in and connected now.", [](broker_metrics const& m) -> std::uint64_t { return m.clients; }},
    metric_row{"clients_maximum", "The most clients that were connected at a time.", [](broker_metrics const& m) -> std::uint64_t { return m.clients_maximum; }},
    metric_row{"sessions", "Sessions, with and without a connection.", [](broker_metrics const& m) -> std::uint64_t { return m.sessions; }},
    metric_row{"subscriptions", "Subscriptions of all sessions.", [](broker_metrics const& m) -> std::uint64_t { return m.subscriptions; }},
    metric_row{"retained_messages", "Retained messages.", [](broker_metrics const& m) -> std::uint64_t { return m.retained_messages; }},
    metric_row{"retained_bytes", "Bytes of retained messages.", [](broker_metrics const& m) -> std::uint64_t { return m.retained_bytes; }},
    metric_row{"kept_bytes", "Bytes of messages that are retained, wait or are under way.", [](broker_metrics const& m) -> std::uint64_t { return m.bytes_kept; }},
    metric_row{"connections_accepted_total", "Connections that came.", [](broker_metrics const& m) -> std::uint64_t { return m.connections_accepted; }},
    metric_row{"connections_refused_total", "Connections refused by CONNACK, or closed before it.", [](broker_metrics const& m) -> std::uint64_t { return m.connections_refused; }},
    metric_row{"sessions_expired_total", "Sessions that ended because their client stayed away.", [](broker_metrics const& m) -> std::uint64_t { return m.sessions_expired; }},
    metric_row{"messages_received_total", "PUBLISH packets from clients.", [](broker_metrics const& m) -> std::uint64_t { return m.messages_received; }},
    metric_row{"messages_sent_total", "Messages sent to clients, or queued for those that are away.", [](broker_metrics const& m) -> std::uint64_t { return m.messages_sent; }},
    metric_row{"messages_dropped_total", "Messages to clients that were dropped for want of room.", [](broker_metrics const& m) -> std::uint64_t { return m.messages_dropped; }},
    metric_row{"payload_received_bytes_total", "Bytes of payload from clients.", [](broker_metrics const& m) -> std::uint64_t { return m.payload_received; }},
    metric_row{"payload_sent_bytes_total", "Bytes of payload to clients.", [](broker_metrics const& m) -> std::uint64_t { return m.payload_sent; }},
    metric_row{"received_bytes_total", "Bytes from clients.", [](broker_metrics const& m) -> std::uint64_t { return m.bytes_received; }},
    metric_row{"sent_bytes_total", "Bytes to clients.", [](broker_metrics const& m) -> std::uint64_t { return m.bytes_sent; }},
};

void describe(std::string& out, std::string_view name, std::string_view type, std::string_view help) {
    out.append("# HELP ").append(name).append(" ").append(help).append("\n# TYPE ").append(name).append(" ").append(type).append("\n");
}

void sample(std::string& out, std::string_view name, std::string_view labels, std::uint64_t value) {
    out.append(name).append(labels).append(" ").append(std::to_string(value)).append("\n");
}

} // namespace

std::string prometheus_text(broker_metrics const& now, broker_limits const& limits) {
    std::string out, name = "aldis_broker_info";
    describe(out, name, "gauge", "The version of the broker; always 1.");
    sample(out, name, "{version=\"" ALDIS_VERSION "\"}", 1);
    for (auto const& row : metric_rows) {
        name.assign("aldis_broker_").append(row.name);
        describe(out, name, row.name.ends_with("_total") ? "counter" : "gauge", row.help);
        sample(out, name, {}, row.value(now));
    }
    for (auto const& row : serving::limit_rows) {
        name.assign("aldis_broker_limit_").append(row.name);
        if (!row.unit.empty() && !row.name.ends_with(row.unit)) name.append("_").append(row.unit);
        std::string help(row.unit.empty() ? "Bound: " : row.unit == "bytes" ? "Bound in bytes: " : "Bound in seconds: ");
        describe(out, name, "gauge", help.append(row.help).append("; 0 is none."));
        sample(out, name, {}, row.value(limits));
    }
    return out;
}

} // namespace aldis
