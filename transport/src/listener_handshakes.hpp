// Connections on their way through PROXY header, TLS and WebSocket: bounded in number, for each source address, and in time.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/steady_timer.hpp>

#include <aldis/transport/endpoint.hpp>
#include <aldis/transport/listen_options.hpp>
#include <aldis/transport/listener.hpp>
#include <aldis/transport/stream.hpp>

namespace aldis::transport {

/// Passes on so many notes a second; whoever makes connections fail by the thousand does not fill a log with it.
class note_gate {
public:
    using time_point = std::chrono::steady_clock::time_point;
    static constexpr std::size_t per_second = 20;

    explicit note_gate(observer see) : see_(std::move(see)) {}

    bool is_wanted() const noexcept { return static_cast<bool>(see_); }
    void tell(note const& what, time_point now = std::chrono::steady_clock::now());

private:
    observer    see_;
    time_point  began_{};
    std::size_t told_ = 0;
    std::size_t kept_back_ = 0;
};

/// A connection enters with begin(), goes through the layers of its listener beside all others, and waits to be taken; the first that is
/// through is the first taken. It counts towards the bounds until then.
class handshakes : public std::enable_shared_from_this<handshakes> {
public:
    /// `on_change` is called when a connection can be taken, or when there may be room for another.
    handshakes(asio::any_io_executor const& ex, endpoint where, listen_options const& options, std::function<void()> on_change);

    bool has_layers() const noexcept { return !plan_.empty(); }
    bool is_full() const noexcept { return on_the_way() + ready_.size() >= limit_; }
    bool has_ready() const noexcept { return !ready_.empty(); }

    /// Refuses, and closes, what is too much from one address, and what would be one too many.
    error_code              begin(std::unique_ptr<stream> lower);
    std::unique_ptr<stream> take();

    /// For handshakes that begin from now on.
    void use(tls_options value) { options_.tls(std::move(value)); }

    /// Gives up all that is under way and closes what is ready.
    void stop() noexcept;

    note_gate&       notes() noexcept { return notes_; }
    listener_counts& counts() noexcept { return counts_; }
    listener_counts  snapshot() const noexcept;

private:
    using time_point = std::chrono::steady_clock::time_point;
    using source = std::optional<asio::ip::address>;
    struct handshake;
    using shared_handshake = std::shared_ptr<handshake>;
    using line = std::list<shared_handshake>;

    std::size_t on_the_way() const noexcept { return running_.size() + leaving_.size(); }
    error_code  charge(source const& from);
    void        release(source const& from) noexcept;
    observer    observe(shared_handshake const& one);
    void        advance(shared_handshake const& one, std::unique_ptr<stream> over);
    void        on_step(shared_handshake const& one, error_code ec, std::unique_ptr<stream> made);
    void        on_ready(shared_handshake const& one, std::unique_ptr<stream> made);
    void        fail(shared_handshake const& one, error_code ec);
    void        leave(handshake& one) noexcept;
    void        watch();
    void        expire();

    struct ready_stream {
        std::unique_ptr<stream> made{};
        source                  from{};
    };

    endpoint                                 where_;
    listen_options                           options_;
    std::vector<phase>                       plan_{};
    std::size_t                              limit_;
    std::function<void()>                    on_change_;
    note_gate                                notes_;
    listener_counts                          counts_{};
    asio::steady_timer                       deadline_;
    line                                     running_{};           // in order of acceptance, which is that of their deadlines
    line                                     leaving_{};           // too late, and told so
    std::deque<ready_stream>                 ready_{};
    std::map<asio::ip::address, std::size_t> sources_{};           // ordered: nobody can choose addresses that collide
    bool                                     is_watching_ = false;
    bool                                     is_stopped_ = false;
};

} // namespace aldis::transport
