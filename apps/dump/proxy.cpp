// A TCP proxy that shows what passes: each connection a conversation, each read a frame.
#include <array>
#include <atomic>
#include <chrono>
#include <list>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include "capture/delivery.hpp"
#include "capture/key_log.hpp"
#include "capture/protocol_stack.hpp"
#include "inputs.hpp"

namespace aldis::app::dump {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t most_connections = 400;                     // two descriptors each

std::int64_t now() {
    using namespace std::chrono;
    return duration_cast<nanoseconds>(system_clock::now().time_since_epoch()).count();
}

struct host_and_port {
    std::string host;
    std::string port;
};

// "[::1]:1883", "host:1883", "1883".
host_and_port take_apart(std::string const& text, char const* what, bool needs_host) {
    auto const    colon = text.rfind(':');
    host_and_port place{colon == std::string::npos ? "" : text.substr(0, colon), colon == std::string::npos ? text : text.substr(colon + 1)};
    if (place.host.starts_with('[') && place.host.ends_with(']')) place.host = place.host.substr(1, place.host.size() - 2);
    bool const is_number = !place.port.empty() && place.port.size() <= 5 && place.port.find_first_not_of("0123456789") == std::string::npos
                           && std::stoul(place.port) <= 65'535;
    if (!is_number || (needs_host && place.host.empty()))
        throw input_error("The proxy cannot " + std::string{what} + " '" + text + (needs_host ? "': write host:port, like 'localhost:1883'." : "': write a port, like '1884', or host:port."));
    return place;
}

tcp::resolver::results_type resolve(asio::io_context& io, host_and_port const& place, char const* what) {
    error_code    failed;
    tcp::resolver resolver{io};
    auto          found = resolver.resolve(place.host, place.port, failed);
    if (failed) throw input_error("The proxy cannot " + std::string{what} + " '" + place.host + ":" + place.port + "': " + failed.message() + ".");
    return found;
}

std::string to_text(tcp::endpoint const& at) {
    auto const address = at.address().to_string();
    return (at.address().is_v6() ? "[" + address + "]" : address) + ":" + std::to_string(at.port());
}

class proxy_source;

// One connection on both sides. Reads wait for what they read to be written: neither side is ahead of the other by more than a buffer.
class passage {
public:
    passage(proxy_source& owner, tcp::socket client);

    void connect(tcp::resolver::results_type const& target);
    void close();
    bool is_over() const noexcept { return pending_ == 0; }

    conversation   about{};
    protocol_stack stack{};

private:
    friend class proxy_source;

    void read(unsigned from);
    void on_read(unsigned from, error_code failed, std::size_t size);
    void on_written(unsigned from, error_code failed);
    void end(unsigned from);
    void done();

    proxy_source&                             owner_;
    std::array<tcp::socket, 2>                sockets_;            // [0] to who connected, [1] to the target
    std::array<std::array<std::byte, 16'384>, 2> buffers_;
    std::array<bool, 2>                       ended_{};
    int                                       pending_ = 0;        // operations under way
    bool                                      is_closed_ = false;
};

class proxy_source final : public source {
public:
    proxy_source(std::string const& listen, std::string const& target, capture_options const& options)
        : keys_(options.key_log()), budget_(options.max_held()), acceptor_(io_), limit_(std::min(options.max_conversations(), most_connections)) {
        auto place = take_apart(listen, "listen on", false);
        if (place.host.empty()) place.host = "127.0.0.1";
        target_ = resolve(io_, take_apart(target, "pass on to", true), "pass on to");
        auto const at = resolve(io_, place, "listen on").begin()->endpoint();
        try {
            acceptor_.open(at.protocol());
            acceptor_.set_option(tcp::acceptor::reuse_address(true));
            acceptor_.bind(at);
            acceptor_.listen();
        } catch (boost::system::system_error const& failed) {
            throw input_error("The proxy cannot listen on " + to_text(at) + ": " + failed.code().message() + ". Another port may be free.");
        }
        accept();
    }

    bool step(sink& to) override {
        if (is_over_) return false;
        to_ = &to;
        if (!has_told_) {
            has_told_ = true;
            to.note({0, now()}, nullptr, "Listening on " + to_text(acceptor_.local_endpoint()) + ", passing on to " + to_text(target_.begin()->endpoint()) + ".");
        }
        if (stopped_) return finish();
        io_.restart();
        io_.run_one_for(std::chrono::milliseconds{100});
        drop_finished();
        return true;
    }
    void     stop() noexcept override { stopped_ = true; }
    progress position() const noexcept override { return {read_, 0}; }

private:
    friend class passage;

    void accept() {
        is_accepting_ = true;
        acceptor_.async_accept([this](error_code failed, tcp::socket client) {
            is_accepting_ = false;
            if (failed == asio::error::operation_aborted) return;
            if (failed) return rest(failed);
            admit(std::move(client));
            if (passages_.size() < limit_) accept();
        });
    }

    // Out of descriptors, mostly: one that becomes free is waited for.
    void rest(error_code failed) {
        if (!std::exchange(has_rested_, true))
            to_->note({frame_, now()}, nullptr, "A connection could not be accepted: " + failed.message() + ".");
        rested_ = std::chrono::steady_clock::now() + std::chrono::seconds{1};
    }

    void admit(tcp::socket client) {
        error_code failed;
        auto const from = client.remote_endpoint(failed);
        if (failed) return;                                        // gone again
        auto& one = passages_.emplace_back(*this, std::move(client));
        one.about.number = count_++;
        one.about.ends[0] = {from.address().to_string(), from.port()};
        one.about.saw_start = true;
        one.connect(target_);
    }

    // Frames are what passes: each call of `bring` is one.
    template <class Bring>
    void frame(passage& of, unsigned from, Bring bring) {
        frame_stamp const at{++frame_, now()};
        delivery const    d{*to_, keys_, budget_, scratch_};
        bring(place{d, of.about, from, at});
        to_->frame_done(at);
    }

    void drop_finished() {
        for (auto at = passages_.begin(); at != passages_.end();) {
            if (!at->is_over()) {
                ++at;
                continue;
            }
            to_->forget(at->about);
            at = passages_.erase(at);
        }
        if (!is_accepting_ && acceptor_.is_open() && passages_.size() < limit_ && std::chrono::steady_clock::now() >= rested_) accept();
    }

    bool finish() {
        is_over_ = true;
        error_code ignored;
        acceptor_.close(ignored);
        for (auto& one : passages_) one.close();
        io_.restart();
        io_.run();                                                 // handlers of what was cancelled
        return false;
    }

    asio::io_context            io_{1};
    key_log                     keys_;
    memory_budget               budget_;
    byte_buffer                 scratch_{};
    tcp::acceptor               acceptor_;
    tcp::resolver::results_type target_{};
    std::size_t                 limit_;
    std::list<passage>          passages_{};
    std::uint32_t               count_ = 0;
    std::uint64_t               frame_ = 0;
    std::uint64_t               read_ = 0;
    bool                        has_told_ = false;
    bool                        is_accepting_ = false;
    bool                        has_rested_ = false;
    bool                        is_over_ = false;
    sink*                       to_ = nullptr;
    std::chrono::steady_clock::time_point rested_{};
    std::atomic<bool>           stopped_{false};
};

passage::passage(proxy_source& owner, tcp::socket client) : owner_(owner), sockets_{std::move(client), tcp::socket{owner.io_}} {}

void passage::connect(tcp::resolver::results_type const& target) {
    ++pending_;
    asio::async_connect(sockets_[1], target, [this, first = *target.begin()](error_code failed, tcp::endpoint const& reached) {
        auto const shown = failed ? first.endpoint() : reached;
        about.ends[1] = {shown.address().to_string(), shown.port()};
        if (failed && !is_closed_)
            owner_.to_->note({owner_.frame_, now()}, &about, "The target " + to_text(shown) + " cannot be reached: " + failed.message() + ".");
        if (failed || is_closed_) {
            close();
        } else {
            error_code ignored;
            for (auto& socket : sockets_) socket.set_option(tcp::no_delay(true), ignored);
            for (unsigned from = 0; from < 2; ++from) read(from);
        }
        done();
    });
}

void passage::read(unsigned from) {
    ++pending_;
    sockets_[from].async_read_some(asio::buffer(buffers_[from]), [this, from](error_code failed, std::size_t size) {
        on_read(from, failed, size);
        done();
    });
}

void passage::on_read(unsigned from, error_code failed, std::size_t size) {
    if (is_closed_) return;
    if (failed == asio::error::eof) {                              // that way only
        end(from);
        error_code ignored;
        sockets_[1 - from].shutdown(tcp::socket::shutdown_send, ignored);
        if (ended_[1 - from]) close();
        return;
    }
    if (failed) return close();
    owner_.read_ += size;
    owner_.frame(*this, from, [&](place const& at) { stack.bytes(at, bytes_view{buffers_[from]}.first(size)); });
    ++pending_;
    asio::async_write(sockets_[1 - from], asio::buffer(buffers_[from], size), [this, from](error_code unwritten, std::size_t) {
        on_written(from, unwritten);
        done();
    });
}

void passage::on_written(unsigned from, error_code failed) {
    if (is_closed_) return;
    if (failed) return close();
    read(from);
}

void passage::end(unsigned from) {
    if (std::exchange(ended_[from], true)) return;
    owner_.frame(*this, from, [&](place const& at) { stack.end(at); });
}

void passage::close() {
    if (std::exchange(is_closed_, true)) return;
    for (unsigned from = 0; from < 2; ++from) {
        end(from);
        error_code ignored;
        sockets_[from].close(ignored);
    }
}

void passage::done() { --pending_; }

} // namespace

std::unique_ptr<source> open_proxy(std::string const& listen, std::string const& target, capture_options const& options) {
    return std::make_unique<proxy_source>(listen, target, options);
}

} // namespace aldis::app::dump
