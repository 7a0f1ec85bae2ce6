// The deadlines of a client's operations, on one timer.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <tuple>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <aldis/session/time.hpp>

namespace aldis {

namespace asio = boost::asio;

/// Used from one executor; counts as work while it holds any. Adding and removing cost the logarithm of their number.
class deadline_list : public std::enable_shared_from_this<deadline_list> {
public:
    enum class kind : std::uint8_t { publish, room_in_output, room_in_queue, request, expiry };

    class listener {
    public:
        virtual void on_deadline(kind what, std::uint64_t no) = 0;
    protected:
        ~listener() = default;
    };

    deadline_list(asio::any_io_executor const& io, listener& who) : timer_(io), who_(&who) {}

    void add(session::time_point at, kind what, std::uint64_t no);
    void remove(session::time_point at, kind what, std::uint64_t no);

    /// Forgets all of them.
    void clear_all();

    /// And nobody is called any more.
    void leave() noexcept;

    /// now + `span`, or the end of time where that would be beyond it.
    static session::time_point from_now(session::duration span);

private:
    using entry = std::tuple<session::time_point, kind, std::uint64_t>;

    void arm();
    void fire();

    asio::steady_timer                 timer_;
    listener*                          who_;
    std::set<entry>                    entries_{};
    std::optional<session::time_point> armed_{};
    std::uint64_t                      wait_no_ = 0;
};

} // namespace aldis
