// Settings made into options, listener by listener.
#include "mapping.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include <boost/asio/io_context.hpp>

#include <aldis/access/file_error.hpp>
#include <aldis/transport/listener.hpp>

namespace aldis::app {
namespace {

using config::ip_family;
using config::listener_settings;
using config::name_source;
using transport::scheme;

// The limits on sessions and their queues bound the store; these only keep a disk from being filled.
constexpr std::uint64_t most_store_bytes = 64ULL << 30U;
constexpr std::size_t   most_store_messages = 100'000'000;

transport::tls_options tls_of(config::tls_settings const& from) {
    transport::tls_options out;
    out.certificate_file(from.certificate_file.text).key_file(from.key_file.text);
    if (from.ca_file.is_given()) out.ca_file(from.ca_file.text);
    if (from.ca_directory.is_given()) out.ca_directory(from.ca_directory.text);
    if (from.crl_file.is_given()) out.crl_file(from.crl_file.text);
    if (from.require_certificate) out.client_certificate(transport::tls_client_certificate::required);
    if (from.lowest == config::tls_floor::v1_3) out.versions(transport::tls_version::v1_3, transport::tls_version::v1_3);
    return out.ciphers(from.ciphers.text).suites(from.suites.text);
}

std::string host_of(listener_settings const& from) {
    if (from.is_implicit) return "127.0.0.1";
    bool const is_v4 = from.family == ip_family::ipv4, is_v6 = from.family == ip_family::ipv6;
    if (from.host.empty() || from.host == "*") return is_v4 ? "0.0.0.0" : "*";
    if (from.host == "localhost") return is_v6 ? "::1" : is_v4 ? "127.0.0.1" : "localhost";
    return from.host;
}

transport::endpoint endpoint_of(listener_settings const& from) {
    if (from.socket_path.is_given()) return transport::local_endpoint(from.socket_path.text);
    bool const is_web = from.protocol == config::listener_protocol::websockets;
    bool const is_tls = from.tls.is_on();
    auto const via = is_web ? (is_tls ? scheme::wss : scheme::ws) : is_tls ? scheme::tls : scheme::tcp;
    transport::endpoint out(via, host_of(from), from.port);
    auto const& path = from.websockets_path.text;                  // without one any is served
    if (is_web) out.path(path.empty() || path.starts_with('/') ? path : '/' + path);
    return out;
}

class planner {
public:
    planner(config::broker_settings const& settings, config::problems& told) : settings_(settings), told_(told) {}

    broker_plan run() {
        broker_plan plan;
        auto&       out = plan.options;
        out.limits(limits_of(settings_.limits));
        if (!settings_.per_listener) {
            out.passwords(passwords(settings_.access)).acl(rules(settings_.access));
            out.allow_anonymous(settings_.access.allow_anonymous);
        }
        if (settings_.allow_zero_length_clientid) out.allow_zero_length_clientid(*settings_.allow_zero_length_clientid);
        if (settings_.auto_id_prefix.is_given()) out.auto_id_prefix(settings_.auto_id_prefix.text);
        if (settings_.retain_available) out.retain_available(*settings_.retain_available);
        if (settings_.sys_interval) out.sys_interval(std::chrono::seconds(*settings_.sys_interval));
        for (auto const& each : settings_.listeners) add(each, plan);
        show_metrics(settings_.metrics_listener, out);
        keep(settings_.persistence, plan);
        return plan;
    }

private:
    // mosquitto's own file is another one: what it is called there is not read, unless it is named.
    void keep(config::persistence_settings const& from, broker_plan& plan) {
        if (!from.is_on.value_or(false)) return;
        std::filesystem::path const file = std::filesystem::path(from.location.text) / (from.file.is_given() ? from.file.text : "aldis-broker.db");
        auto const                  folder = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
        std::error_code             ec;
        if (!std::filesystem::is_directory(folder, ec))
            return told_.error(from.at, "persistence", "there is no folder " + folder.string() + " for the file " + file.filename().string(), "make it, or name another one with persistence_location");
        plan.store_file = file.string();
        plan.options.store(make_sqlite_broker_store(plan.store_file, sqlite_store_options{}.max_bytes(most_store_bytes).max_messages(most_store_messages)));
    }

    void show_metrics(config::located const& from, broker_options& out) {
        out.metrics_listener(from.text);
        if (auto const& why = out.metrics_listener_fault(); !why.empty()) {
            auto const advice = why.find("; ");
            told_.error(from.at, "metrics_listener", why.substr(0, advice), why.substr(advice + 2));
        } else if (out.metrics_listener() && !broker_listener(*out.metrics_listener()).is_local()) {
            told_.warn(from.at, "metrics_listener", "whoever can connect there reads them", "leave the address out for this machine only");
        }
    }

    void add(listener_settings const& from, broker_plan& plan) {
        auto const where = endpoint_of(from);
        plan.options.listen(listener_at(where, from));
        if (!from.is_implicit || from.port == 0) return;
        auto also = where;
        plan.where_possible.push_back(listener_at(also.host("::1"), from));
    }

    broker_listener listener_at(transport::endpoint const& where, listener_settings const& from) {
        broker_listener out(where);
        out.transport(transport_of(from));
        if (from.max_connections) out.max_connections(static_cast<std::size_t>(*from.max_connections));
        if (from.max_qos) out.max_qos(static_cast<qos_level>(*from.max_qos));
        if (from.max_topic_alias) out.max_topic_alias(static_cast<std::uint16_t>(*from.max_topic_alias));
        if (from.user_name_from() == name_source::common_name) out.user_name_from(certificate_name::common_name);
        if (from.user_name_from() == name_source::subject) out.user_name_from(certificate_name::subject);
        admit(from, out);
        return out;
    }

    transport::listen_options transport_of(listener_settings const& from) const {
        transport::listen_options    out;
        transport::websocket_options web;
        for (auto const& each : from.websockets_origins) web.allow_origin(each);
        if (from.websockets_headers_size) web.max_header(static_cast<std::size_t>(*from.websockets_headers_size));
        out.websocket(std::move(web));
        if (from.tls.is_on()) out.tls(tls_of(from.tls));
        if (from.socket_permissions) out.permissions(static_cast<unsigned>(*from.socket_permissions));
        if (settings_.set_tcp_nodelay) out.no_delay(*settings_.set_tcp_nodelay);
        return out.proxy_protocol(from.proxy_protocol);
    }

    // A listener that somebody asked for lets nobody in unless it is told to, wherever it listens: as mosquitto does.
    void admit(listener_settings const& from, broker_listener& out) {
        auto const& access = settings_.per_listener ? from.access : settings_.access;
        out.allow_anonymous(from.is_implicit ? access.allow_anonymous : access.allow_anonymous.value_or(false));
        if (settings_.per_listener) out.passwords(passwords(access)).acl(rules(access));
    }

    std::shared_ptr<access::password_file const> passwords(config::access_settings const& from) {
        return load<access::password_file>("password_file", from.password_file);
    }
    std::shared_ptr<access::acl_file const> rules(config::access_settings const& from) { return load<access::acl_file>("acl_file", from.acl_file); }

    template <class File>
    std::shared_ptr<File const> load(char const* key, config::located const& from) {
        if (!from.is_given()) return nullptr;
        try {
            return std::make_shared<File const>(File::load(from.text));
        } catch (access::file_error const& error) {
            told_.error(from.at, key, error.what(), "the broker does not start without this file");
            return nullptr;
        }
    }

    config::broker_settings const& settings_;
    config::problems&              told_;
};

} // namespace

broker_plan plan_broker(config::broker_settings const& settings, config::problems& told) { return planner(settings, told).run(); }

void check_certificates(config::broker_settings const& settings, broker_plan const& plan, config::problems& told) {
    boost::asio::io_context io;
    for (std::size_t i = 0; i < settings.listeners.size(); ++i) {
        auto const& from = settings.listeners[i];
        if (!from.tls.is_on()) continue;
        std::string story;
        auto        how = plan.options.listeners()[i].transport();
        how.observe([&](transport::note const& said) {
            if (said.weight() == transport::note::level::failure) story = said.text();
        });
        transport::listener probe(io.get_executor());
        auto const          ec = probe.open(transport::endpoint(scheme::tls, "127.0.0.1", std::uint16_t{0}), how);
        if (ec) told.error(from.tls.certificate_file.at, "certfile", story.empty() ? ec.message() : story, "check certfile, keyfile, cafile, capath, crlfile and ciphers of this listener");
    }
}

} // namespace aldis::app
