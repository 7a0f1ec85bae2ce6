// `aldis broker`: the command line, and what it comes to.
#include "broker.hpp"

#include <cstdio>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/arguments.hpp"
#include "cli/exit_code.hpp"
#include "cli/report.hpp"
#include "mapping.hpp"
#include "request.hpp"
#include "service.hpp"

namespace aldis::app {
namespace {

constexpr auto usage_hint = "Use 'aldis broker --help' to see usage.";

void describe(CLI::App& app, broker_request& r, bool& show_version) {
    app.add_option("-c,--config-file", r.file, "configuration, as mosquitto.conf has it")->type_name("FILE");
    app.add_option("-p,--port", r.ports, "listen on this port of this machine only, 0 for any free one; may be repeated")->type_name("PORT")->allow_extra_args(false);
    app.add_option("--ws-port", r.web_ports, "the same for WebSocket, at any path")->type_name("PORT")->allow_extra_args(false);
    app.add_option("--metrics", r.metrics, "serve /metrics, as Prometheus reads them, and /healthz over HTTP here; without ADDRESS for this machine only")->type_name("[ADDRESS:]PORT");
    app.add_option("--store", r.store, "keep sessions, their messages and retained messages in this SQLite file, in place of what the configuration says of persistence")->type_name("FILE");
    app.add_flag("--packets", r.packets, "show each packet of each client as 'aldis dump' does, on standard error; slow");
    app.add_flag("-v,--verbose", r.is_verbose, "log everything");
    app.add_flag("--check,--test-config", r.only_check, "tell what is wrong with the configuration and the files that it names, and where; start nothing");
    app.add_flag("-d,--daemon", r.as_daemon, "is refused: let systemd, or the shell, put it into the background");
    app.add_flag("--version", show_version, "the version");
    app.footer("Without a configuration the broker listens on port 1883 of this machine and lets anybody in who comes from it.\n"
               "SIGHUP reads the configuration again, SIGTERM and SIGINT end it.");
}

std::string files_of(config::configuration const& from) { return from.read.size() == 1 ? from.read.front() : fmt::format("{} files", from.read.size()); }

int check(config::configuration& of) {
    auto const plan = plan_broker(of.settings, of.told);
    if (of.is_good()) check_certificates(of.settings, plan, of.told);
    print_problems(of.told);
    if (!of.is_good()) return exit_code::failure;
    fmt::print("{}: good, {} listener{}{}\n", of.read.empty() ? "no configuration" : files_of(of), of.settings.listeners.size(), of.settings.listeners.size() == 1 ? "" : "s",
               of.told.warnings() == 0 ? "" : fmt::format(", {} warning{}", of.told.warnings(), of.told.warnings() == 1 ? "" : "s"));
    return exit_code::success;
}

void add_ports(config::broker_settings& to, std::vector<std::uint16_t> const& ports, config::listener_protocol protocol) {
    for (auto const port : ports) {
        config::listener_settings fresh;
        fresh.is_implicit = true;
        fresh.port = port;
        fresh.protocol = protocol;
        to.listeners.push_back(std::move(fresh));
    }
}

} // namespace

config::configuration read_configuration(broker_request const& from) {
    config::system_files files;
    auto                 out = from.file.empty() ? config::default_configuration() : config::read_configuration(from.file, files);
    auto&                listeners = out.settings.listeners;
    bool const           has_ports = !from.ports.empty() || !from.web_ports.empty();
    if (has_ports && listeners.size() == 1 && listeners.front().is_implicit) listeners.clear();
    add_ports(out.settings, from.ports, config::listener_protocol::mqtt);
    add_ports(out.settings, from.web_ports, config::listener_protocol::websockets);
    if (!from.store.empty()) out.settings.persistence = {true, {"--store", 0}, {}, {from.store, {"--store", 0}}};
    if (!from.metrics.empty()) out.settings.metrics_listener = {from.metrics, {"--metrics", 0}};
    return out;
}

int broker_run(std::vector<std::string> const& words) {
    broker_request wanted;
    bool           show_version = false;
    CLI::App       app{"Serves MQTT 3.1, 3.1.1 and 5.0 to clients.", "aldis broker"};
    describe(app, wanted, show_version);
    try {
        app.parse(std::vector<std::string>{words.rbegin(), words.rend()});
    } catch (CLI::CallForHelp const&) {
        std::fputs(app.help().c_str(), stdout);
        return exit_code::success;
    } catch (CLI::ParseError const& error) {
        print_error(fmt::format("{}. {}", error.what(), usage_hint));
        return exit_code::failure;
    }
    if (show_version) return std::fputs(version_text("aldis broker").c_str(), stdout), exit_code::success;
    if (wanted.as_daemon) {
        print_error(fmt::format("-d: a broker in the background has nobody to tell what goes wrong; use the systemd unit, or '&' of the shell. {}", usage_hint));
        return exit_code::failure;
    }
    auto found = read_configuration(wanted);
    if (wanted.only_check) return check(found);
    return serve(wanted, std::move(found));
}

} // namespace aldis::app
