// The compared work done with Aldis's client.
#include <vector>

#include <boost/asio/io_context.hpp>

#include <aldis/client.hpp>
#include <aldis/session_store.hpp>

#include "job.hpp"

namespace {

using namespace aldis;

class runner {
public:
    explicit runner(bench::job const& job) : job_(job), meter_(job), client_(io_, options_of(job)), payload_(job.size) {
        how_ = publish_options{static_cast<qos_level>(job.qos), false};
    }

    void run() {
        client_.on_delivered([this](session::delivery_no, error_code ec, publish_result const&) {
            if (ec && !meter_.is_done()) bench::give_up("publish: " + ec.message());
            if (job_.what == bench::work::pub) completed();
        });
        client_.on_message([this](received_message const& m) { received(m); });
        client_.on_disconnected([this](error_code ec, disconnect_result const&) {
            if (ec && !meter_.is_done()) bench::give_up("lost: " + ec.message());
        });
        client_.async_connect([this](error_code ec, connect_result const&) {
            if (ec) bench::give_up("connect: " + ec.message());
            if (job_.what == bench::work::pub) return publish();
            client_.async_subscribe({job_.topic(), static_cast<qos_level>(job_.qos)}, [this](error_code why, subscribe_result const&) {
                if (why) bench::give_up("subscribe: " + why.message());
                if (job_.what == bench::work::loop) publish();
            });
        });
        io_.run();
        meter_.print();
    }

private:
    static connect_options options_of(bench::job const& job) {
        connect_options made{"mqtt://127.0.0.1:" + std::to_string(job.port)};
        made.version(protocol::v3_1_1).client_id("bench");         // what the others speak by default
        if (!job.folder.empty()) made.session_expiry(std::chrono::hours{1}).store(make_sqlite_store(job.folder + "/session.db"));
        if (job.what != bench::work::recv) made.max_in_flight(static_cast<std::uint16_t>(job.window));
        return made;
    }

    bool is_paced() const noexcept { return job_.qos == 0 && job_.what == bench::work::pub; }

    // As much as the window, or at QoS 0 the output, has room for.
    void publish() {
        while (sent_ < job_.total() && (is_paced() || sent_ - meter_.count() < job_.window)) {
            auto const now = bench::nanoseconds_now();
            if (job_.what == bench::work::loop) std::memcpy(payload_.data(), &now, sizeof now);
            auto const started = client_.publish(topic_, payload_, how_);
            if (!started && started.error() == session::refusal::queue_full && is_paced()) return wait_for_room();
            if (!started) bench::give_up("publish is refused");
            ++sent_;
            if (is_paced()) in_output();
        }
    }

    void wait_for_room() {
        client_.async_publish(topic_, payload_, how_, [this](error_code ec, publish_result const&) {
            if (ec) bench::give_up("publish: " + ec.message());
            ++sent_;
            in_output();
            publish();
        });
    }

    // All but the last are done when they are in the output; the last when everything is on its way.
    void in_output() {
        if (sent_ < job_.total()) return meter_.done();
        client_.async_disconnect([this](error_code) { meter_.done(); });
    }

    void completed() {
        meter_.done();
        if (meter_.is_done()) return leave();
        publish();
    }

    void received(received_message const& m) {
        if (m.payload().size() != job_.size) bench::give_up("a message has the wrong size");
        if (job_.what == bench::work::loop) {
            std::uint64_t then = 0;
            std::memcpy(&then, m.payload().data(), sizeof then);
            meter_.took(bench::nanoseconds_now() - then);
        }
        meter_.done();
        if (meter_.is_done()) return leave();
        if (job_.what == bench::work::loop) publish();
    }

    void leave() { client_.async_disconnect([](error_code) {}); }

    bench::job               job_;
    bench::meter             meter_;
    boost::asio::io_context  io_{1};
    client                   client_;
    byte_buffer              payload_;
    std::string              topic_ = job_.topic();
    publish_options          how_{};
    std::uint64_t            sent_ = 0;
};

} // namespace

int main(int argc, char** argv) {
    runner{bench::read_job(argc, argv)}.run();
}
