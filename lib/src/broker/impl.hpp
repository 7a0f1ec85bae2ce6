// The inside of a broker: its core, its listeners, its links, one timer.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <boost/asio/steady_timer.hpp>

#include <aldis/broker.hpp>
#include <aldis/transport/http_pages.hpp>
#include <aldis/transport/listener.hpp>

#include "core.hpp"
#include "keeping.hpp"
#include "link.hpp"
#include "operation.hpp"

namespace aldis {

class broker::impl final : public std::enable_shared_from_this<impl>, public serving::link_host {
public:
    using stop_operation = operation<error_code>;

    impl(executor_type io, broker_options how);

    void                start();
    transport::endpoint listen(broker_listener where);
    void                serve(std::unique_ptr<transport::stream> stream, broker_listener const* by);
    void                reload(broker_options fresh);
    void                stop(std::optional<stop_operation> op);

    /// The broker is gone. Whatever is on the stack runs to its end; nothing else is done.
    void abandon() noexcept;

    /// A listening socket, with the settings that hold for it now.
    struct listening {
        listening(executor_type const& io, broker_listener with) : settings(std::move(with)), socket(io) {}
        broker_listener     settings;
        transport::endpoint asked{};
        transport::listener socket;
        std::string         story{};                               // what its last failure was about
    };

    serving::core&       state() noexcept override { return core_; }
    executor_type const& io() const noexcept { return io_; }
    std::vector<std::unique_ptr<listening>> const& listeners() const noexcept { return listeners_; }
    transport::http_pages const* pages() const noexcept { return pages_.get(); }
    broker_metrics               metrics() const;

private:
    void       ended(serving::link& gone) override;
    listening& open(broker_listener where);
    void       open_pages();
    std::optional<transport::http_page> page_at(std::string_view path) const;
    void       accept_next(listening& at);
    void       wake();
    void       flush();
    void       arm();
    void       stop_now();
    void       stopped();
    void       load();
    void       log(aldis::log_level level, std::string const& line) const;

    executor_type                                                    io_;
    serving::core                                                    core_;
    std::vector<std::unique_ptr<listening>>                          listeners_{};
    std::vector<std::unique_ptr<listening>>                          closed_{};   // sessions remember where their client came
    std::unique_ptr<transport::http_pages>                           pages_{};
    std::unordered_map<serving::link*, std::shared_ptr<serving::link>> links_{};
    asio::steady_timer                                               timer_;
    std::shared_ptr<serving::keeping>                                keeping_{};  // with a store, from start() to the end
    std::optional<session::time_point>                               armed_{};
    std::vector<stop_operation>                                      stops_{};
    bool                                                             is_started_ = false;
    bool                                                             is_stopping_ = false;
    bool                                                             is_stopped_ = false;
    bool                                                             is_woken_ = false;
    bool                                                             is_gone_ = false;
};

} // namespace aldis
