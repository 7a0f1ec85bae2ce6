// The life of the service: start, signals, reload, end.
#include "service.hpp"

#include <charconv>
#include <csignal>
#include <cstdio>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/system/system_error.hpp>

#include <fmt/format.h>
#include <unistd.h>

#include <aldis/broker.hpp>
#include <aldis/packet_log.hpp>

#include "cli/exit_code.hpp"
#include "cli/report.hpp"
#include "log.hpp"
#include "mapping.hpp"
#include "system.hpp"

namespace aldis::app {
namespace {

class service {
public:
    explicit service(broker_request const& request) : request_(request) {}

    int run(config::configuration first) {
        auto& told = first.told;
        auto  plan = plan_broker(first.settings, told);
        if (told.errors() == 0) log_.open(first.settings.log, request_.is_verbose, told);
        if (told.errors() != 0) return print_problems(told), exit_code::failure;
        for (auto const& each : told.list()) log_.write(log_level::warning, to_string(each));
        plan.options.log(logger(), log_.most());
        show_packets(plan.options);
        try {
            start(std::move(plan), first.settings);
        } catch (std::exception const& error) {
            return fail(error.what());
        }
        notify_manager("READY=1\nSTATUS=" + status());
        io_.run();
        return exit_code::success;
    }

private:
    log_handler logger() {
        return [this](log_level level, std::string_view line) { log_.write_of_broker(level, line); };
    }

    void show_packets(broker_options& of) const {
        if (!request_.packets) return;
        of.tap([](transport::stream_facts const& way) {
            auto const ends = follow::transcript_options{}.ends(peer_of(way.remote), {"broker", 0});
            return packet_log{}.server().text([](std::string_view text) { std::fwrite(text.data(), 1, text.size(), stderr); }, ends).tap();
        });
    }

    static follow::peer peer_of(std::string_view remote) {
        auto const    colon = remote.rfind(':');
        std::uint16_t port = 0;
        if (colon != std::string_view::npos) std::from_chars(remote.data() + colon + 1, remote.data() + remote.size(), port);
        return port == 0 ? follow::peer{std::string(remote), 0} : follow::peer{std::string(remote.substr(0, colon)), port};
    }

    // For whoever reads the log, and for whoever started us.
    int fail(std::string const& why) {
        log_.write(log_level::error, why);
        print_error(why);
        return exit_code::failure;
    }

    // What needs root comes before root is given up.
    void start(broker_plan plan, config::broker_settings const& settings) {
        listed_ = addresses_of(plan.options);
        store_file_ = plan.store_file;
        broker_.emplace(io_, std::move(plan.options));
        broker_->start();
        for (auto const& each : plan.where_possible) listen_where_possible(each);
        if (settings.pid_file.is_given())
            if (auto const why = pid_.write(settings.pid_file.text); !why.empty()) throw std::runtime_error("the pid_file " + settings.pid_file.text + ": " + why);
        if (settings.user.is_given()) {
            if (auto const why = become_user(settings.user.text, files_of_store()); !why.empty()) throw std::runtime_error("user: " + why);
        } else if (::geteuid() == 0) {
            log_.write(log_level::warning, "the broker runs as root; 'user NAME' in the configuration makes it another user once it listens");
        }
        wait_for_signal();
        log_.write(log_level::notice, "started: " + status());
    }

    void listen_where_possible(broker_listener const& where) {
        namespace code = boost::asio::error;
        try {
            broker_->listen(where);
        } catch (boost::system::system_error const& error) {
            bool const is_missing = error.code() == code::address_family_not_supported || error.code() == boost::system::errc::address_not_available;
            if (!is_missing) log_.write(log_level::warning, error.what());
        }
    }

    std::vector<std::string> files_of_store() const {
        if (store_file_.empty()) return {};
        return {store_file_, store_file_ + "-wal", store_file_ + "-shm"};
    }

    std::string status() const {
        std::string out;
        for (auto const& each : broker_->addresses()) out += (out.empty() ? "" : ", ") + transport::to_string(each);
        return out;
    }

    static std::vector<std::string> addresses_of(broker_options const& options) {
        std::vector<std::string> out;
        for (auto const& each : options.listeners()) out.push_back(transport::to_string(each.endpoint()));
        if (options.metrics_listener()) out.push_back("metrics: " + transport::to_string(*options.metrics_listener()));
        return out;
    }

    // ---- Signals --------------------------------------------------------------------------------------------------------------------

    void wait_for_signal() {
        signals_.async_wait([this](boost::system::error_code ec, int which) {
            if (ec) return;
            if (which == SIGHUP) {
                reload();
            } else if (std::exchange(is_stopping_, true)) {
                io_.stop();                                        // asked for twice: at once
            } else {
                stop();
            }
            wait_for_signal();
        });
    }

    void stop() {
        notify_manager("STOPPING=1");
        broker_->async_stop([this](error_code) {
            log_.write(log_level::notice, "stopped");
            signals_.cancel();
        });
    }

    // All or nothing: what runs is touched when nothing is wrong with what is new.
    void reload() {
        if (is_stopping_) return;
        notify_reloading();
        auto fresh = read_configuration(request_);
        auto plan = plan_broker(fresh.settings, fresh.told);
        if (fresh.told.errors() == 0) take(std::move(plan), fresh);
        for (auto const& each : fresh.told.list()) log_.write(each.how == config::severity::error ? log_level::error : log_level::warning, to_string(each));
        if (fresh.told.errors() != 0) log_.write(log_level::error, "the configuration was not read again: everything is as before");
        notify_manager("READY=1\nSTATUS=" + status());
    }

    void take(broker_plan plan, config::configuration& fresh) {
        auto const addresses = addresses_of(plan.options);
        auto const store_file = plan.store_file;
        try {
            broker_log probe;                                      // the new log file can be opened, or nothing is changed
            probe.open(fresh.settings.log, request_.is_verbose, fresh.told);
            if (fresh.told.errors() != 0) return;
            for (auto const& each : plan.where_possible) plan.options.listen(each);
            plan.options.log(logger(), probe.most());
            show_packets(plan.options);
            broker_->reload(std::move(plan.options));
        } catch (std::exception const& error) {
            return fresh.told.error({request_.file, 0}, {}, error.what(), "check the files that the listeners name");
        }
        log_.open(fresh.settings.log, request_.is_verbose, fresh.told);
        if (store_file != store_file_) fresh.told.warn({request_.file, 0}, "persistence", "what is kept, and where, changes at a start only", "start the broker again");
        if (addresses != listed_) fresh.told.warn({request_.file, 0}, "listener", "listeners are opened and closed at a start only", "start the broker again for those that changed");
    }

    broker_request const&     request_;
    boost::asio::io_context   io_{1};
    boost::asio::signal_set   signals_{io_, SIGHUP, SIGTERM, SIGINT};
    broker_log                log_{};
    pid_file                  pid_{};
    std::optional<broker>     broker_{};
    std::vector<std::string>  listed_{};                           // the listeners asked for, as they were at the start
    std::string               store_file_{};
    bool                      is_stopping_ = false;
};

} // namespace

void print_problems(config::problems const& told) {
    for (auto const& each : told.list()) print_line(to_string(each));
    if (told.left_out() != 0) print_line(fmt::format("... and {} more", told.left_out()));
}

int serve(broker_request const& request, config::configuration first) {
    std::signal(SIGPIPE, SIG_IGN);                                 // a log that nobody reads any more
    raise_descriptor_limit();
    return service(request).run(std::move(first));
}

} // namespace aldis::app
