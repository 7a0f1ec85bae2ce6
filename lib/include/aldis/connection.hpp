// One session engine on one byte stream: where bytes, time and the protocol meet. Both roles.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <aldis/codec/bytes.hpp>
#include <aldis/error.hpp>
#include <aldis/session/engine.hpp>
#include <aldis/tap.hpp>
#include <aldis/transport/stream.hpp>

namespace aldis {

/// Who a connection works for. Called on the connection's executor, never from inside a call into the connection; may call anything,
/// also destroy the connection.
class connection_owner {
public:
    /// What the engine has to say; views in it live until the call returns.
    virtual void on_event(session::any_event const& said) = 0;

    /// After each write, when the output has become shorter.
    virtual void on_written() {}

    /// At the end of a turn of the event loop in which anything may have changed, also in the session.
    virtual void on_turn() {}

    /// The stream is closed and nothing else will be called. `why` is what the transport said, if it was that.
    virtual void on_ended(error_code why) = 0;

protected:
    ~connection_owner() = default;
};

/// Drives an engine over a stream until either ends. Everything that one turn of the event loop produced leaves in one gather write;
/// reading stops while the engine does not want input; one timer serves all of the engine's deadlines. Not thread-safe: used from the
/// stream's executor. Destroying it closes the stream at once; what is still under way keeps what it needs.
class connection {
public:
    connection(std::unique_ptr<transport::stream> stream, session::role who, session::settings const& how,
               session::commit_clock const& clock = session::engine::always_committed);
    connection(connection&&) noexcept;
    connection& operator=(connection&&) noexcept;
    ~connection();

    /// Begins to read. `owner` must live until on_ended(), or until the connection is destroyed.
    void start(connection_owner& owner);

    /// Give it any input, with now(), then call flush().
    session::engine&       engine() noexcept;
    session::engine const& engine() const noexcept;

    /// The engine was given something: what it made of that goes out at the end of this turn of the event loop, together with all else.
    void flush();

    /// Flushes what is pending for up to `patience`, then closes; on_ended() follows.
    void close_soon();

    /// Closes at once; on_ended() follows.
    void close() noexcept;

    /// Keeps `what` alive until the last handler has run: the session state that the engine works on.
    void keep(std::shared_ptr<void const> what);

    /// From now on `see` sees all frames; an empty function ends that.
    void tap(tap_handler see);

    /// The time that every engine of this process is told.
    static session::time_point now() noexcept;

    /// How long closing waits for the peer to take what is pending.
    static constexpr session::duration patience = std::chrono::seconds{2};

    transport::stream::executor_type get_executor() const;
    std::string                      remote_name() const;

    /// Writes handed to the stream so far.
    std::uint64_t writes() const noexcept;

    class impl;

private:
    std::shared_ptr<impl> impl_;
};

} // namespace aldis
