// `aldis pub`: one message, the same one again, or one for each line of standard input.
#include "pub.hpp"

#include <deque>
#include <map>
#include <optional>
#include <string>

#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "../cli/exit_code.hpp"
#include "../cli/link.hpp"
#include "../cli/report.hpp"
#include "input.hpp"
#include "standard_input.hpp"

namespace aldis::app {
namespace {

// True when the message came to its end with the connection, not with an answer.
bool was_cut_off(error_code const& why, publish_result const& answer) {
    if (!why || is_error(answer.reason())) return false;
    return why == condition::connection_lost || why == condition::undelivered || why == error::not_connected;
}

// What both kinds of publisher tell of a message that came to its end.
class outcome_teller {
public:
    outcome_teller(options const& given, link& to) : given_(given), link_(to) {}

    /// False when the program ends with this.
    bool tell(std::uint64_t number, error_code const& why, publish_result const& answer) {
        if (!why) return true;
        if (is_error(answer.reason())) {
            auto const more = answer.reason_string().empty() ? std::string{} : fmt::format(" The broker says: {}", answer.reason_string());
            if (!given_.quiet)
                print_line(fmt::format("Warning: Publish {} failed: {}.{}", number, name_of(answer.reason(), packet_type::puback), more));
            if (!given_.stand_in && final_code_ == 0) final_code_ = static_cast<int>(answer.reason());
            return true;
        }
        auto const [code, text] = publish_failure(why);
        if (!given_.quiet) print_error(text);
        link_.leave(code);
        return false;
    }

    /// 0, or the reason code of the first message that was refused.
    int final_code() const noexcept { return final_code_; }

private:
    options const& given_;
    link&          link_;
    int            final_code_ = 0;
};

// -m, -f, -n, -s: one payload, as often as --repeat says, each after the one before it is done.
class repeater {
public:
    repeater(options const& given, std::string payload)
        : given_(given), payload_(std::move(payload)), link_(io_, given, false), teller_(given, link_), pause_(io_) {}

    int run() {
        link_.start([this] { publish(); }, [] {});
        io_.run();
        return link_.exit_code();
    }

private:
    void publish() {
        link_.mqtt().async_publish(given_.topics.front(), payload_, how_to_publish(given_, link_.version()),
                                   [this](error_code const& why, publish_result const& answer) { on_published(why, answer); });
    }

    void on_published(error_code const& why, publish_result const& answer) {
        if (link_.is_leaving()) return;
        // A lost connection is told of by the link, which hears of it too.
        if (!link_.mqtt().is_connected() && was_cut_off(why, answer)) return;
        if (!teller_.tell(done_ + 1, why, answer)) return;
        if (++done_ == given_.pub.repeat) return link_.leave(teller_.final_code());
        pause_.expires_after(given_.pub.repeat_delay);
        pause_.async_wait([this](error_code const& cancelled) { if (!cancelled && link_.mqtt().is_connected()) publish(); });
    }

    options const&     given_;
    std::string        payload_;
    asio::io_context   io_{1};
    link               link_;
    outcome_teller     teller_;
    asio::steady_timer pause_;
    std::uint32_t      done_ = 0;
};

// -l: lines are published as they come, many at once; those under way when the connection is lost are published again.
class line_publisher {
public:
    explicit line_publisher(options const& given)
        : given_(given), link_(io_, given, true), teller_(given, link_), input_(io_.get_executor()) {}

    int run() {
        link_.start([this] { on_open(); }, [this] { open_ = false; });
        io_.run();
        return link_.exit_code();
    }

private:
    static constexpr std::size_t most_lines = 1'000;               // read ahead of their acknowledgement
    static constexpr std::size_t most_bytes = 8U << 20;

    void on_open() {
        open_ = true;
        how_ = how_to_publish(given_, link_.version());
        auto const again = std::exchange(unsent_, {});
        for (auto const number : again) publish(number);
        advance();
    }

    // Publishes what has been read, and reads more when there is room.
    void advance() {
        if (!open_ || link_.is_leaving() || reading_) return;
        try {
            while (lines_.size() < most_lines && bytes_ < most_bytes) {
                auto const line = splitter_.next();
                if (!line) break;
                add(*line);
            }
        } catch (input_error const& error) {
            return give_up(error.what());
        }
        if (lines_.size() >= most_lines || bytes_ >= most_bytes) return;
        if (!at_end_) return read_more();
        if (auto const line = splitter_.last()) add(*line);
        if (lines_.empty()) link_.leave(teller_.final_code());
    }

    void read_more() {
        reading_ = true;
        input_.async_read([this](error_code const& why, std::string_view piece) {
            reading_ = false;
            if (why && why != asio::error::eof) return give_up(fmt::format("Unable to read standard input: {}.", why.message()));
            if (why) at_end_ = true;
            else splitter_.feed(piece);
            advance();
        });
    }

    void give_up(std::string const& text) {
        if (!given_.quiet) print_error(text);
        link_.leave(exit_code::failure);
    }

    void add(std::string_view line) {
        auto const number = ++last_;
        bytes_ += line.size();
        lines_.emplace(number, line);
        publish(number);
    }

    void publish(std::uint64_t number) {
        auto const done = [this, number](error_code const& why, publish_result const& answer) { on_published(number, why, answer); };
        link_.mqtt().async_publish(given_.topics.front(), lines_.at(number), how_, done);
    }

    void on_published(std::uint64_t number, error_code const& why, publish_result const& answer) {
        if (link_.is_leaving()) return;
        if (was_cut_off(why, answer)) {
            unsent_.push_back(number);
            return;
        }
        if (!teller_.tell(number, why, answer)) return;
        bytes_ -= lines_.at(number).size();
        lines_.erase(number);
        advance();
    }

    options const&                       given_;
    asio::io_context                     io_{1};
    link                                 link_;
    outcome_teller                       teller_;
    standard_input                       input_;
    line_splitter                        splitter_{};
    publish_options                      how_{};
    std::map<std::uint64_t, std::string> lines_{};                 // not complete yet
    std::deque<std::uint64_t>            unsent_{};                // of these, what a lost connection took along
    std::size_t                          bytes_ = 0;
    std::uint64_t                        last_ = 0;
    bool                                 open_ = false;
    bool                                 reading_ = false;
    bool                                 at_end_ = false;
};

} // namespace

publish_options how_to_publish(options const& given, protocol version) {
    publish_options how{given.qos, given.pub.retain};
    if (!is_v5(version)) return how;
    property_list others;
    std::optional<std::uint16_t> alias;
    for (auto const& one : given.properties_of(property_target::publish).view()) {
        if (one.id == property_id::topic_alias) alias = static_cast<std::uint16_t>(one.number);
        else others.add(one);
    }
    how.props(std::move(others));
    if (alias) how.topic_alias(*alias);                            // the client leaves the topic out from the second message on
    return how;
}

std::string payload_of(pub_options const& wanted) {
    switch (wanted.source) {
    case message_source::argument: return wanted.message;
    case message_source::file: return read_file(wanted.file);
    case message_source::whole_input: return read_all(STDIN_FILENO);
    case message_source::none: case message_source::null: case message_source::input_lines: break;
    }
    return {};
}

int pub_run(options const& given) {
    if (given.pub.source == message_source::input_lines) return line_publisher{given}.run();
    try {
        return repeater{given, payload_of(given.pub)}.run();
    } catch (input_error const& error) {
        print_error(error.what());
        return exit_code::failure;
    }
}

} // namespace aldis::app
