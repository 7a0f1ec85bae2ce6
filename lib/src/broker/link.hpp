// One connection of a broker: an engine on a stream. Timers and the flush of each turn are the broker's.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <optional>

#include <boost/asio/buffer.hpp>

#include <aldis/error.hpp>
#include <aldis/transport/stream.hpp>

#include "core.hpp"
#include "frame_tap.hpp"
#include "packet_count.hpp"

namespace aldis::serving {

namespace asio = boost::asio;

class link;

/// Who a link works for.
class link_host {
public:
    virtual core& state() noexcept = 0;
    virtual void  ended(link& gone) = 0;

protected:
    ~link_host() = default;
};

/// Each handler keeps the link alive until it has run. After abandon() nobody is called any more.
class link final : public peer, public std::enable_shared_from_this<link> {
public:
    link(link_host& host, std::unique_ptr<transport::stream> stream, session::settings const& how, broker_listener const* where)
        : peer(how, where, host.state().notes().clock()), host_(&host), stream_(std::move(stream)) {}

    /// Shows each packet of either direction, from now on.
    void watch(tap_handler see) { tap_ = see ? std::make_unique<frame_tap>(std::move(see)) : nullptr; }

    /// All that one turn of the loop may make necessary: after what the engine was given, and when a deadline passed.
    void turn();

    /// Closes at once.
    void close();

    void abandon() noexcept;

    static constexpr session::duration patience = std::chrono::seconds{2};

private:
    enum class ending : std::uint8_t { no, shutting_down, reading_away };
    struct on_readable;
    struct on_read;
    struct on_write;
    struct on_shutdown;
    using gather = std::array<asio::const_buffer, transport::stream::max_write_buffers>;
    using scrap = std::array<std::byte, 256>;

    void read();
    void read_now();
    void was_readable();
    void was_read(error_code ec, std::size_t n);
    void write(time_point now);
    void was_written(error_code ec, std::size_t n);
    void show_written(std::size_t n);
    void end_if_finished(time_point now);
    void was_shut_down(error_code ec);
    void set_deadline();
    bool is_overdue(time_point now) const noexcept;
    void report_end();

    link_host*                         host_;
    std::unique_ptr<transport::stream> stream_;
    std::unique_ptr<gather>            buffers_{};
    std::unique_ptr<scrap>             scrap_{};
    std::unique_ptr<frame_tap>         tap_{};
    std::optional<time_point>          lingers_until_{};
    time_point                         writing_since_{};
    std::byte const*                   into_ = nullptr;            // where the engine is read to
    packet_count                       came_{};
    packet_count                       went_{};
    ending                             ending_ = ending::no;
    bool                               rests_ = true;              // no buffer is held until there is something to read
    bool                               reading_ = false;
    bool                               writing_ = false;
    bool                               shutting_down_ = false;
    bool                               closed_ = false;
};

} // namespace aldis::serving
