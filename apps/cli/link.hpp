// A tool's connection to the broker: made, kept and left, and what is told of it.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <aldis/client.hpp>
#include <aldis/transport/connect_options.hpp>

#include "options.hpp"
#include "trace.hpp"

namespace aldis::app {

/// Connects as the options say, falling back from MQTT 5 to 3.1.1 where that was left open. What ends the program ends it through
/// here: the io_context is stopped, and exit_code() tells how it went.
class link {
public:
    /// `given` must outlive the link. With `reconnect`, a connection that was lost is made again, each second, without end.
    link(asio::io_context& io, options const& given, bool reconnect);

    /// Begins to connect. Once per connection that comes about, `opened` is called; `closed` when it is lost and will be made again.
    void start(std::function<void()> opened, std::function<void()> closed);

    /// Has `see` see every packet; at most once, before start().
    void observe(tap_handler see) { observer_ = std::move(see); }

    client&  mqtt() noexcept { return client_; }
    protocol version() const noexcept { return version_; }

    /// Says DISCONNECT, and ends with `code` when the connection is closed. At the second call: at once.
    void leave(int code, bool with_will = false);

    /// Ends without a word to the broker.
    void end(int code);

    /// Ends with an error line, unless --quiet.
    void fail(int code, std::string const& line);

    bool is_leaving() const noexcept { return leaving_; }
    int  exit_code() const noexcept { return exit_code_; }

private:
    void connect();
    void on_note(transport::note const& said);
    void on_connected(error_code const& why, connect_result const& answer);
    void on_disconnected(error_code const& why);
    bool may_fall_back(error_code const& why) const;
    void try_again_later();
    void show(direction way, bytes_view frame);
    static void print_trace(std::string const& lines);

    asio::io_context&     io_;
    options const&        given_;
    bool                  reconnect_;
    protocol              version_;
    std::string           client_id_;
    transport::connect_options way_;                               // made once: files are read and passwords asked for at most once
    client                client_;
    asio::steady_timer    pause_;
    packet_lines          trace_;
    tap_handler           observer_{};
    tap_handler           logged_{};
    std::set<std::string> warned_{};
    std::optional<transport::note> failure_{};                     // the last
    std::function<void()> opened_{};
    std::function<void()> closed_{};
    bool                  was_open_ = false;
    bool                  leaving_ = false;
    bool                  ended_ = false;
    int                   exit_code_ = 0;
};

} // namespace aldis::app
