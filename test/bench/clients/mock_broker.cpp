// A broker that does only what a client's speed depends on, as fast as it can: acknowledges, echoes, floods. Prints its port, and ends
// with its standard input.
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <list>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <unistd.h>

#include <aldis/connection.hpp>
#include <aldis/transport/listener.hpp>

namespace {

using namespace aldis;

/// "flood/QOS/SIZE/COUNT", as the filter of a subscription.
struct flood {
    int           qos = 0;
    std::size_t   size = 0;
    std::uint64_t left = 0;

    static flood read(std::string_view filter) {
        flood made;
        if (!filter.starts_with("flood/")) return made;
        filter.remove_prefix(6);
        std::uint64_t numbers[3]{};
        for (auto& each : numbers) {
            auto const [end, error] = std::from_chars(filter.data(), filter.data() + filter.size(), each);
            if (error != std::errc{}) return {};
            filter.remove_prefix(std::min(filter.size(), static_cast<std::size_t>(end - filter.data()) + 1));
        }
        return {static_cast<int>(numbers[0] % 3), static_cast<std::size_t>(std::min<std::uint64_t>(numbers[1], 1 << 20)), numbers[2]};
    }
};

class peer final : public connection_owner {
public:
    peer(std::unique_ptr<transport::stream> stream, std::function<void(peer&)> gone)
        : link_(std::move(stream), session::role::server, limits()), gone_(std::move(gone)) {}

    void start() { link_.start(*this); }

private:
    static session::settings limits() {
        session::settings made;
        made.queue.messages = 4'000;
        return made;
    }

    void on_event(session::any_event const& said) override {
        using namespace session::event;
        if (auto const* const message = std::get_if<message_arrived>(&said)) arrived(*message);
        else if (std::holds_alternative<delivered>(said)) pour();
        else if (std::holds_alternative<connect_request>(said)) (void)link_.engine().accept(packet::connack{}, *state_, connection::now());
        else if (auto const* const wish = std::get_if<subscribe_request>(&said)) subscribe(wish->request);
        link_.flush();
    }
    void on_written() override { pour(); }
    void on_ended(error_code) override { gone_(*this); }

    void arrived(session::event::message_arrived const& e) {
        if (e.arrival != 0) (void)link_.engine().acknowledge(e.arrival, connection::now());
        if (!e.message.topic.starts_with("echo/")) return;
        packet::publish back = e.message;
        back.dup = false;
        if (!link_.engine().publish(back, connection::now())) link_.close_soon();
    }

    void subscribe(packet::subscribe const& request) {
        wire_builder<reason_code> codes;
        for (auto const& each : request.filters) {
            codes.add(static_cast<reason_code>(each.qos));
            flood_ = flood::read(each.filter);
        }
        packet::suback answer;
        answer.id = request.id;
        answer.codes = codes.view();
        (void)link_.engine().answer(answer, connection::now());
        payload_.assign(flood_.size, std::byte{'x'});
        pour();
    }

    void pour() {
        packet::publish p;
        p.topic = "flood/topic";
        p.payload = payload_;
        p.qos = static_cast<qos_level>(flood_.qos);
        auto const now = connection::now();
        while (flood_.left > 0 && link_.engine().publish(p, now)) --flood_.left;
        link_.flush();
    }

    std::shared_ptr<session::state> state_ = std::make_shared<session::state>();
    connection                      link_;
    std::function<void(peer&)>      gone_;
    flood                           flood_{};
    byte_buffer                     payload_{};
};

class broker {
public:
    explicit broker(boost::asio::io_context& io) : listener_(io.get_executor()) {
        if (listener_.open(transport::endpoint(transport::scheme::tcp, "127.0.0.1", std::uint16_t{0}))) std::exit(1);
        std::printf("%u\n", static_cast<unsigned>(listener_.local().port()));
        std::fflush(stdout);
        accept_next();
    }

private:
    void accept_next() {
        listener_.async_accept([this](error_code ec, std::unique_ptr<transport::stream> stream) {
            if (ec) return;
            peers_.emplace_back(std::move(stream), [this](peer& gone) { peers_.remove_if([&](peer const& each) { return &each == &gone; }); });
            peers_.back().start();
            accept_next();
        });
    }

    transport::listener listener_;
    std::list<peer>     peers_{};
};

} // namespace

int main() {
    boost::asio::io_context io{1};
    broker                  all{io};
    boost::asio::posix::stream_descriptor input{io, ::dup(STDIN_FILENO)};
    input.async_wait(boost::asio::posix::stream_descriptor::wait_read, [&](error_code) { io.stop(); });
    io.run();
}
