// A tool's connection to the broker.
#include "link.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include <aldis/packet_log.hpp>
#include <fmt/format.h>

#include "exit_code.hpp"
#include "report.hpp"
#include "setup.hpp"
#include "terminal.hpp"
#include "way.hpp"

namespace aldis::app {
namespace {

// What a server may say when it leaves that makes sense to wait out; after anything else it would only say it again.
constexpr std::array passing{
    reason_code::server_unavailable, reason_code::server_busy, reason_code::server_shutting_down, reason_code::keep_alive_timeout,
    reason_code::connection_rate_exceeded, reason_code::maximum_connect_time,
};

bool may_pass(error_code const& why) {
    auto const reason = reason_of(why);
    if (why == condition::tls && why != condition::connection_lost) return false;  // the same certificate again
    if (!is_error(reason)) return why != condition::malformed && why != condition::local_misuse;
    for (auto const one : passing)
        if (one == reason) return true;
    return false;
}

packet_log log_of(options const& given) {
    packet_log log;
    auto const failed = [path = given.capture](std::error_code const& why) {
        print_line(fmt::format("Warning: the capture file '{}' ends here: {}", path, why.message()));
    };
    if (!given.capture.empty()) log.file(given.capture, failed);
    if (given.packets) log.text([](std::string_view text) { std::fwrite(text.data(), 1, text.size(), stderr); });
    return log;
}

} // namespace

link::link(asio::io_context& io, options const& given, bool reconnect)
    : io_(io), given_(given), reconnect_(reconnect), version_(first_version(given)), client_id_(client_id_of(given, version_)),
      way_(way_of(given.connection).observe([this](transport::note const& said) { on_note(said); })),
      client_(io, setup_of(given, way_, version_, client_id_)), pause_(io), trace_(packet_trace(output_is_terminal())) {}

void link::start(std::function<void()> opened, std::function<void()> closed) {
    if (!given_.quiet) for (auto const& line : given_.warnings) print_line(line);
    opened_ = std::move(opened);
    closed_ = std::move(closed);
    if (given_.packets || !given_.capture.empty()) logged_ = log_of(given_).tap();
    if (given_.debug || logged_ || observer_) client_.tap([this](direction way, bytes_view frame) {
        if (given_.debug) show(way, frame);
        if (logged_) logged_(way, frame);
        if (observer_) observer_(way, frame);
    });
    client_.on_disconnected([this](error_code const& why, disconnect_result const&) { on_disconnected(why); });
    connect();
}

// What is the same at each attempt is told once.
void link::on_note(transport::note const& said) {
    using level = transport::note::level;
    if (said.weight() == level::failure) failure_.emplace(said);
    if (said.weight() == level::warning && !given_.quiet && warned_.insert(said.text()).second)
        print_line(fmt::format("Warning: {}", said.text()));
    if (said.weight() != level::warning && given_.debug && !given_.stand_in) print_trace(trace_.noted(said.text()));
}

void link::connect() {
    client_.async_connect([this](error_code const& why, connect_result const& answer) { on_connected(why, answer); });
}

void link::on_connected(error_code const& why, connect_result const& answer) {
    if (ended_ || leaving_) return;
    if (!why) {
        was_open_ = true;
        return opened_();
    }
    if (may_fall_back(why)) {
        version_ = protocol::v3_1_1;
        client_.options(setup_of(given_, way_, version_, client_id_));
        return connect();
    }
    if (was_open_ && reconnect_ && may_pass(why)) return try_again_later();
    if (is_error(answer.reason()) && why == make_error_code(answer.reason())) {   // else what came was no CONNACK
        auto const more = answer.reason_string().empty() ? std::string{} : fmt::format(" The broker says: {}", answer.reason_string());
        return fail(codec::connack_code(answer.reason(), version_), refusal_text(answer.reason(), version_) + more);
    }
    bool const is_told = answer.detail().empty() && failure_ && failure_->why() == why;
    auto const [code, text] = connect_failure(why, is_told ? failure_->text() : answer.detail(), given_);
    fail(code, text);
}

// A server that knows only older versions says so, or cannot be understood, or hangs up.
bool link::may_fall_back(error_code const& why) const {
    if (given_.connection.version != protocol_choice::automatic || was_open_ || version_ != protocol::v5) return false;
    return reason_of(why) == reason_code::unsupported_protocol_version || why == condition::malformed || why == error::no_answer;
}

void link::on_disconnected(error_code const& why) {
    if (ended_ || leaving_) return;
    if (reconnect_ && may_pass(why)) {
        closed_();
        return try_again_later();
    }
    auto const [code, text] = connection_failure(why);
    fail(code, fmt::format("Error: {}", text));
}

void link::try_again_later() {
    pause_.expires_after(std::chrono::seconds{1});
    pause_.async_wait([this](error_code const& why) {
        if (!why && !ended_ && !leaving_) connect();
    });
}

void link::leave(int code, bool with_will) {
    if (ended_) return;
    exit_code_ = code;
    if (leaving_ || !client_.is_connected()) return end(code);
    leaving_ = true;
    client_.async_disconnect(leaving_of(given_, version_, with_will), [this](error_code const& why) {
        if (why == condition::local_misuse && !given_.quiet) print_error(why.message());
        end(exit_code_);
    });
}

void link::end(int code) {
    if (ended_) return;
    ended_ = true;
    exit_code_ = code;
    io_.stop();
}

void link::fail(int code, std::string const& line) {
    if (ended_) return;
    if (!given_.quiet) print_line(line);
    end(code);
}

void link::show(direction way, bytes_view frame) {
    auto lines = way == direction::sent ? trace_.sent(frame) : trace_.received(frame);
    if (given_.which == tool::rr) lines.erase(std::min(lines.find("Subscribed (mid"), lines.size()));    // `sub` alone tells what was granted
    print_trace(lines);
}

void link::print_trace(std::string const& lines) {
    std::fwrite(lines.data(), 1, lines.size(), stdout);
    std::fflush(stdout);
}

} // namespace aldis::app
