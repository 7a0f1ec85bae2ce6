// `aldis rr`: a request, and the answer to it printed.
#include "rr.hpp"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <optional>
#include <string>

#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>

#include "../cli/exit_code.hpp"
#include "../cli/link.hpp"
#include "../cli/report.hpp"
#include "../cli/terminal.hpp"
#include "../pub/input.hpp"
#include "../pub/pub.hpp"
#include "../sub/format.hpp"

namespace aldis::app {
namespace {

class asker {
public:
    asker(options const& given, std::string payload)
        : given_(given), payload_(std::move(payload)), link_(io_, given, false), timeout_(io_), signals_(io_, SIGINT, SIGTERM, SIGALRM) {
        if (given_.sub.format) format_.emplace(*given_.sub.format);
        style_ = {.end_of_line = given_.sub.end_of_line, .pretty = given_.sub.pretty, .escape = output_is_terminal()};
    }

    int run() {
        signals_.async_wait([this](error_code const& why, int signal) {
            if (why) return;
            if (signal == SIGALRM) return on_timeout();
            done_ = true;
            link_.leave(exit_code::success, true);
        });
        if (given_.sub.timeout.count() > 0) {
            timeout_.expires_after(given_.sub.timeout);
            timeout_.async_wait([this](error_code const& why) { if (!why) on_timeout(); });
        }
        auto options = link_.mqtt().options();
        options.manual_acknowledge(true);                          // after DISCONNECT it would be too late
        link_.mqtt().options(std::move(options));
        link_.mqtt().on_message([this](received_message const& m) { on_message(m); });
        link_.start([this] { on_open(); }, [] {});
        io_.run();
        return link_.exit_code();
    }

private:
    /// By hand, not by async_request(): whatever comes to the response topic is an answer here, as it is to the tool this stands in for.
    void on_open() {
        bool const   v5 = is_v5(link_.version());
        subscription one{.filter = given_.response_topic, .qos = given_.qos};
        one.retain_as_published = v5 && given_.sub.retain_as_published;
        subscribe_list to;
        to.add(one);
        if (v5) to.props(given_.properties_of(property_target::subscribe));
        link_.mqtt().async_subscribe(std::move(to), [this](error_code const& why, subscribe_result const& answer) { on_subscribed(why, answer); });
    }

    void on_subscribed(error_code const& why, subscribe_result const& answer) {
        if (link_.is_leaving() || !link_.mqtt().is_connected()) return;      // the link tells of a lost connection
        if (answer.refused() > 0) {
            auto const code = answer.codes().front();
            return stop(static_cast<int>(code), fmt::format("Subscription to the response topic '{}' was denied: {}. Check what this user may read (-u, -P).",
                                                            given_.response_topic, name_of(code, packet_type::suback)));
        }
        if (why) return stop(exit_code::failure, fmt::format("Unable to subscribe: {}.", why.message()));
        ask();
    }

    void ask() {
        auto how = how_to_publish(given_, link_.version());
        if (is_v5(link_.version())) how.response_topic(given_.response_topic);
        link_.mqtt().async_publish(given_.topics.front(), payload_, how, [this](error_code const& why, publish_result const& answer) {
            if (!why || done_ || link_.is_leaving() || !link_.mqtt().is_connected()) return;
            if (is_error(answer.reason()))
                return stop(static_cast<int>(answer.reason()), fmt::format("The request was refused: {}.", name_of(answer.reason(), packet_type::puback)));
            auto const [code, text] = publish_failure(why);
            stop(code, text);
        });
    }

    void on_message(received_message const& m) {
        if (done_) return;
        if (m.retain() && given_.sub.no_retained) return link_.mqtt().acknowledge(m);
        done_ = true;
        arrival seen{m.topic(), m.payload(), m.qos(), m.retain(), m.packet_id(), m.props(), {}};
        std::timespec_get(&seen.at, TIME_UTC);
        std::string text;
        bool        good = true;
        if (format_) good = format_->append(text, seen, style_);
        else append_plain(text, seen, given_.sub.verbose, style_);
        if (!good && !given_.quiet) print_error(fmt::format("Message payload is not valid JSON on topic {}.", m.topic()));
        if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
            return stop(exit_code::system_error, fmt::format("Unable to write to standard output: {}.", std::strerror(errno)));
        link_.mqtt().acknowledge(m);
        link_.leave(exit_code::success);
    }

    void stop(int code, std::string const& text) {
        done_ = true;
        if (!given_.quiet) print_error(text);
        link_.leave(code);
    }

    void on_timeout() {
        done_ = true;
        if (!given_.quiet) print_line("Timed out");
        link_.leave(exit_code::timed_out, true);
    }

    options const&                given_;
    std::string                   payload_;
    asio::io_context              io_{1};
    link                          link_;
    asio::steady_timer            timeout_;
    asio::signal_set              signals_;
    std::optional<message_format> format_{};
    print_style                   style_{};
    bool                          done_ = false;
};

} // namespace

int rr_run(options const& given) {
    try {
        return asker{given, payload_of(given.pub)}.run();
    } catch (input_error const& error) {
        print_error(error.what());
        return exit_code::failure;
    }
}

} // namespace aldis::app
