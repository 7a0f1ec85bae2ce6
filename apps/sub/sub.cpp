// `aldis sub`: subscribes, prints what arrives, and acknowledges it once it is printed.
#include "sub.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <optional>
#include <random>

#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <fmt/format.h>

#include <aldis/codec/topic.hpp>

#include "../cli/exit_code.hpp"
#include "../cli/link.hpp"
#include "../cli/report.hpp"
#include "../cli/terminal.hpp"
#include "format.hpp"

namespace aldis::app {
namespace {

class subscriber {
public:
    explicit subscriber(options const& given)
        : given_(given), wanted_(given.sub), link_(io_, given, true), timeout_(io_), signals_(io_, SIGINT, SIGTERM, SIGALRM) {
        if (wanted_.format) format_.emplace(*wanted_.format);
        style_ = {.end_of_line = wanted_.end_of_line, .pretty = wanted_.pretty, .escape = output_is_terminal()};
    }

    int run() {
        signals_.async_wait([this](error_code const& why, int signal) { on_signal(why, signal); });
        if (wanted_.timeout.count() > 0) {
            timeout_.expires_after(wanted_.timeout);
            timeout_.async_wait([this](error_code const& why) { if (!why) on_timeout(); });
        }
        auto options = link_.mqtt().options();
        options.manual_acknowledge(true);
        link_.mqtt().options(std::move(options));
        link_.mqtt().on_message([this](received_message const& m) { on_message(m); });
        if (given_.qos == qos_level::exactly_once) link_.observe([this](direction way, bytes_view frame) { on_packet(way, frame); });
        link_.start([this] { on_open(); }, [this] { on_lost(); });
        io_.run();
        return link_.exit_code();
    }

private:
    // ---- from connecting to the first message

    void on_open() {
        if (!given_.topics.empty()) {
            ++open_requests_;
            auto const done = [this](error_code const& why, subscribe_result const& answer) { on_subscribed(why, answer); };
            link_.mqtt().async_subscribe(subscriptions_wanted(), done);
        }
        if (!wanted_.unsubscribe.empty()) {
            ++open_requests_;
            link_.mqtt().async_unsubscribe(subscriptions_unwanted(), [this](error_code const& why, subscribe_result const&) {
                if (!why) request_done();
            });
        }
    }

    void on_lost() {
        open_requests_ = open_exchanges_ = 0;
        if (done_) link_.leave(exit_code::success);
    }

    subscribe_list subscriptions_wanted() const {
        bool const v5 = is_v5(link_.version());
        subscribe_list all;
        for (auto const& filter : given_.topics) {
            subscription one{.filter = filter, .qos = given_.qos};
            one.retain_as_published = v5 && wanted_.retain_as_published;
            if (v5 && wanted_.no_retained && !wanted_.remove_retained) one.retained = retain_handling::do_not_send;
            all.add(one);
        }
        if (v5) all.props(given_.properties_of(property_target::subscribe));
        return all;
    }

    unsubscribe_list subscriptions_unwanted() const {
        unsubscribe_list all;
        for (auto const& filter : wanted_.unsubscribe) all.add(filter);
        if (is_v5(link_.version())) all.props(given_.properties_of(property_target::unsubscribe));
        return all;
    }

    void on_subscribed(error_code const& why, subscribe_result const& answer) {
        if (link_.is_leaving()) return;
        if (why && answer.codes().empty()) {
            if (why == condition::connection_lost || why == error::session_ended || why == error::not_connected) return;
            return link_.fail(exit_code::failure, fmt::format("Error: Unable to subscribe: {}.", why.message()));
        }
        for (std::size_t i = 0; i < answer.codes().size() && i < given_.topics.size(); ++i)
            if (auto const code = answer.codes()[i]; is_error(code) && !given_.quiet)
                print_line(fmt::format("Warning: Subscription to '{}' failed: {}.", given_.topics[i], name_of(code, packet_type::suback)));
        if (answer.refused() == given_.topics.size())
            return stop(static_cast<int>(answer.codes().front()),
                        "All subscription requests were denied: check the filters, and what this user may read (-u, -P).");
        request_done();
    }

    void request_done() {
        if (open_requests_ > 0) --open_requests_;
        if (open_requests_ == 0 && wanted_.exit_after_subscribe) finish();
    }

    // ---- messages

    void on_message(received_message const& m) {
        if (done_) return;                                         // not acknowledged: a session that is kept has it again next time
        bool const stale = m.retain();
        if (wanted_.retained_only && !stale) return finish();
        if (!is_filtered_out(m.topic())) {
            if (wanted_.remove_retained && stale) remove_retained(m.topic());
            if (!(stale && wanted_.no_retained)) {
                if (!print(m)) return;
                ++printed_;
            }
        }
        if (m.qos() == qos_level::exactly_once) ++open_exchanges_;
        link_.mqtt().acknowledge(m);
        if (wanted_.count > 0 && printed_ == wanted_.count) finish();
    }

    bool is_filtered_out(std::string_view topic) const {
        auto const matches = [&](std::string const& filter) { return topic_matches(filter, topic); };
        return std::any_of(wanted_.filter_out.begin(), wanted_.filter_out.end(), matches);
    }

    void remove_retained(std::string_view topic) {
        ++removals_;
        auto const done = [this](error_code const& why, publish_result const& answer) {
            --removals_;
            if (is_error(answer.reason()) && !given_.quiet)
                print_line(fmt::format("Warning: A retained message was not removed: {}.", why.message()));
            if (done_) finish();
        };
        link_.mqtt().async_publish(topic, "", publish_options{qos_level::at_least_once, true}, done);
    }

    bool print(received_message const& m) {
        if (wanted_.random_filter < 100.0 && chance_(random_) >= wanted_.random_filter) return true;
        arrival seen{m.topic(), m.payload(), m.qos(), m.retain(), m.packet_id(), m.props(), {}};
        std::timespec_get(&seen.at, TIME_UTC);
        text_.clear();
        bool good = true;
        if (format_) good = format_->append(text_, seen, style_);
        else append_plain(text_, seen, wanted_.verbose, style_);
        if (!good && !given_.quiet) print_error(fmt::format("Message payload is not valid JSON on topic {}.", m.topic()));
        if (std::fwrite(text_.data(), 1, text_.size(), stdout) == text_.size() && std::fflush(stdout) == 0) return true;
        stop(exit_code::system_error, fmt::format("Unable to write to standard output: {}.", std::strerror(errno)));
        return false;
    }

    // ---- the end

    // Leaves when nothing is under way: no retained message being removed, no QoS 2 message between PUBREC and PUBCOMP.
    void finish() {
        done_ = true;
        if (removals_ == 0 && open_exchanges_ == 0) link_.leave(exit_code::success);
    }

    void on_packet(direction way, bytes_view frame) {
        bool const is_pubcomp = !frame.empty() && static_cast<unsigned>(frame.front()) >> 4 == static_cast<unsigned>(packet_type::pubcomp);
        if (way != direction::sent || !is_pubcomp || open_exchanges_ == 0) return;
        if (--open_exchanges_ == 0 && done_) asio::post(io_, [this] { finish(); });
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

    void on_signal(error_code const& why, int signal) {
        if (why) return;
        signals_.async_wait([this](error_code const& again, int next) { on_signal(again, next); });
        if (signal == SIGALRM) return on_timeout();
        done_ = true;
        link_.leave(exit_code::success, true);
    }

    options const&                         given_;
    sub_options const&                     wanted_;
    asio::io_context                       io_{1};
    link                                   link_;
    asio::steady_timer                     timeout_;
    asio::signal_set                       signals_;
    std::optional<message_format>          format_{};
    print_style                            style_{};
    std::string                            text_{};
    std::minstd_rand                       random_{std::random_device{}()};
    std::uniform_real_distribution<double> chance_{0.0, 100.0};
    unsigned                               open_requests_ = 0;
    unsigned                               removals_ = 0;
    unsigned                               open_exchanges_ = 0;
    std::uint32_t                          printed_ = 0;
    bool                                   done_ = false;
};

} // namespace

int sub_run(options const& given) { return subscriber{given}.run(); }

} // namespace aldis::app
