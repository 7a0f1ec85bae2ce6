// A broker with a store is killed at random instants and started again while clients publish and subscribe: what it acknowledged reaches every
// session that was to have it, at QoS 2 once, and sessions and retained messages are as they were. ALDIS_KILL_ROUNDS tells how often,
// ALDIS_KILL_SEED by which random numbers; ALDIS_KILL_BROKER=mosquitto does the same to mosquitto and only tells what came of it.
#include <array>
#include <cstdlib>
#include <random>

#include "broker_world.hpp"

using namespace aldis;
using namespace aldis::test;

namespace {

constexpr unsigned long retained_topics = 8, collected_every = 25;

unsigned long from_environment(char const* name, unsigned long otherwise) {
    auto const* const text = std::getenv(name);
    return text ? std::strtoul(text, nullptr, 10) : otherwise;
}

bool is_for_mosquitto() {
    auto const* const text = std::getenv("ALDIS_KILL_BROKER");
    return text && std::string_view(text) == "mosquitto";
}

/// Below those that the system gives to connections: one of ours might otherwise be connected to itself while nobody listens.
std::uint16_t quiet_port(std::mt19937& random) {
    asio::io_context io;
    for (;;) {
        auto const               port = static_cast<std::uint16_t>(20'000 + random() % 10'000);
        asio::ip::tcp::acceptor  probe(io);
        boost::system::error_code ec;
        probe.open(asio::ip::tcp::v4());
        probe.bind({asio::ip::address_v4::loopback(), port}, ec);
        if (!ec) return port;
    }
}

/// The broker that is killed.
class victim {
public:
    explicit victim(std::mt19937& random) : port_(quiet_port(random)) {
        std::ofstream(conf_) << "listener " << port_ << " 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\nmax_inflight_messages 0\nuser root\n"
                             << "persistence true\npersistence_location " << folder_.path.string() << "/\n"
                             << (is_for_mosquitto() ? "autosave_interval 1\nautosave_on_changes true\n" : "max_queued_bytes 0\n");
    }

    std::string uri() const { return "mqtt://127.0.0.1:" + std::to_string(port_); }

    void start() {
        if (is_for_mosquitto()) runs_ = std::make_unique<process>(std::vector<std::string>{ALDIS_MOSQUITTO, "-c", conf_.string()});
        else runs_ = std::make_unique<process>(std::vector<std::string>{ALDIS_PROGRAM, "broker", "-c", conf_.string()}, folder_.path / "log");
    }
    void strike() { runs_.reset(); }
    bool has_ended() { return runs_->has_ended(); }

private:
    scratch_folder           folder_{};
    std::filesystem::path    conf_ = folder_.path / "broker.conf";
    std::uint16_t            port_;
    std::unique_ptr<process> runs_{};
};

/// How often each number has come.
class arrivals {
public:
    void take(std::string_view text) {
        auto const no = std::strtoul(std::string(text).c_str(), nullptr, 10);
        if (no >= counts_.size()) counts_.resize(2 * no + 1);
        ++counts_[no];
    }
    unsigned of(unsigned long no) const { return no < counts_.size() ? counts_[no] : 0; }

private:
    std::vector<unsigned char> counts_{};
};

enum class kind : std::uint8_t { qos_1, qos_2, retained };

kind kind_of(unsigned long no) { return no % 10 == 0 ? kind::retained : no % 2 == 0 ? kind::qos_2 : kind::qos_1; }

struct verdict {
    unsigned long kills = 0, acknowledged = 0, refused = 0, lost = 0, twice = 0, again = 0, sessions_lost = 0, retained_lost = 0;
};

/// A publisher and a subscriber that stay connected whatever happens, and a subscriber that comes now and then.
class trial : public world {
public:
    trial(std::mt19937& random, bool is_strict) : broker_(random), random_(random), is_strict_(is_strict) {
        broker_.start();
        for (auto* const each : {&publisher_, &watcher_, &away_}) {
            each->on_state([this](connection_state const& now) {
                if (auto const* const in = std::get_if<link_state::connected>(&now)) count_session(in->as);
            });
        }
        start(publisher_);
        start(watcher_);
        start(away_);
        // By objects, which are subscribed again where the server has lost the session.
        auto const of_watcher = watcher_.subscribe("kill/+", qos_2, [this](received_message const& m) { seen_.take(m.text()); });
        auto const of_away = away_.subscribe("kill/+", qos_2, [this](received_message const& m) {
            if (m.topic() == "kill/mark") ++marks_;
            else collected_.take(m.text());
        });
        REQUIRE(run_until([&] { return of_watcher.is_active() && of_away.is_active(); }));
        REQUIRE_FALSE(disconnect(away_));
        for (int i = 0; i < 16; ++i) publish_next();
    }

    void round() {
        bool const early = random_() % 4 == 0;
        auto const enough = acknowledged_ + random_() % 200;
        if (!early) REQUIRE(run_until([&] { return acknowledged_ >= enough; }));
        asio::steady_timer  wait(io, std::chrono::microseconds(random_() % (early ? 60'000 : 5'000)));
        outcome<error_code> is_time;
        wait.async_wait(is_time.handler());
        run(is_time);
        REQUIRE_FALSE(broker_.has_ended());
        broker_.strike();
        broker_.start();
        if (++done_.kills % collected_every == 0) collect();
    }

    verdict end() {
        is_over_ = true;
        REQUIRE(run_until([&] { return outstanding_ == 0; }));
        collect();
        REQUIRE(run_until([&] { return watcher_.is_connected(); }));
        auto const mark = start_publish(watcher_, "kill/1", std::to_string(++next_), publish_options{}.qos(qos_2));     // behind all else
        run(mark);
        REQUIRE((run_until([&] { return seen_.of(next_) > 0; }) || !is_strict_));
        for (unsigned long no = 1; no < next_; ++no) judge(no);
        done_.acknowledged = acknowledged_;
        done_.retained_lost = retained_lost();
        return done_;
    }

private:
    connect_options options(std::string id) const {
        return connect_options{broker_.uri()}.client_id(std::move(id)).session_expiry(24h).receive_maximum(65'535);
    }

    void start(client& c) {
        c.start(reconnect_policy{}.delays(3ms, 30ms).retry_first(true));
        connect_outcome done;
        c.async_wait_connected(done.handler());
        run(done);
        REQUIRE_FALSE(done.ec());
    }

    void count_session(connect_result const& as) {
        if (++connects_ > 3 && !as.session_present()) ++done_.sessions_lost;
    }

    void publish_next() {
        if (is_over_) return;
        auto const no = ++next_;
        auto const what = kind_of(no);
        auto const topic = what == kind::qos_2 ? std::string("kill/2") : what == kind::qos_1 ? std::string("kill/1") : "kept/" + std::to_string(no / 10 % retained_topics);
        ++outstanding_;
        publisher_.async_publish(topic, std::to_string(no), publish_options{}.qos(what == kind::qos_2 ? qos_2 : qos_1).retain(what == kind::retained),
                                 [this, no](error_code ec, publish_result const&) {
                                     --outstanding_;
                                     acknowledged(no, ec);
                                     publish_next();
                                 });
    }

    void acknowledged(unsigned long no, error_code ec) {
        if (ec) {
            ++done_.refused;
            return;
        }
        ++acknowledged_;
        if (no >= is_acknowledged_.size()) is_acknowledged_.resize(2 * no + 1);
        is_acknowledged_[no] = true;
        if (kind_of(no) == kind::retained) kept_[no / 10 % retained_topics] = no;
    }

    /// All that waited for the one who was away, up to a mark that comes behind it.
    void collect() {
        start(away_);
        REQUIRE(run_until([&] { return publisher_.is_connected(); }));
        auto const before = marks_;
        auto const mark = start_publish(publisher_, "kill/mark", "0", publish_options{}.qos(qos_1));
        run(mark);
        auto const came = run_until([&] { return marks_ > before; });
        REQUIRE((came || !is_strict_));
        REQUIRE_FALSE(disconnect(away_));
    }

    void judge(unsigned long no) {
        if (kind_of(no) == kind::retained || no >= is_acknowledged_.size() || !is_acknowledged_[no]) return;
        for (auto const* each : {&seen_, &collected_}) {
            auto const times = each->of(no);
            if (times == 0) ++done_.lost;
            if (times > 1) ++(kind_of(no) == kind::qos_2 ? done_.twice : done_.again);
        }
    }

    unsigned long retained_lost() {
        client                                      fresh(io, options("fresh"));
        std::array<unsigned long, retained_topics> found{};
        std::size_t                                count = 0;
        fresh.on_message([&](received_message const& m) {
            auto const at = static_cast<std::size_t>(m.topic().back() - '0');
            if (at < found.size()) found[at] = std::strtoul(std::string(m.text()).c_str(), nullptr, 10);
            ++count;
        });
        start(fresh);
        subscribe(fresh, subscribe_list{"kept/+", qos_1});
        run(start_publish(fresh, "kept/9", "0", publish_options{}.qos(qos_1)));
        (void)run_until([&] { return count > retained_topics; });
        unsigned long gone = 0;
        for (std::size_t i = 0; i < retained_topics; ++i) gone += found[i] < kept_[i] ? 1 : 0;
        return gone;
    }

    victim                                      broker_;
    std::mt19937&                               random_;
    verdict                                     done_{};
    client                                      publisher_{io, options("publisher")}, watcher_{io, options("watcher")}, away_{io, options("away")};
    arrivals                                    seen_{}, collected_{};
    std::vector<bool>                           is_acknowledged_{};
    std::array<unsigned long, retained_topics> kept_{};
    unsigned long                               next_ = 0, outstanding_ = 0, acknowledged_ = 0, marks_ = 0, connects_ = 0;
    bool                                        is_over_ = false;
    bool                                        is_strict_;
};

} // namespace

TEST_CASE("what a broker with a store acknowledged arrives, however often it is killed", "[interop][broker][kill]") {
    auto const   rounds = from_environment("ALDIS_KILL_ROUNDS", 50);
    auto const   seed = from_environment("ALDIS_KILL_SEED", std::random_device{}());
    bool const   is_ours = !is_for_mosquitto();
    INFO("ALDIS_KILL_SEED=" << seed);
    std::mt19937 random(static_cast<std::mt19937::result_type>(seed));
    trial        all(random, is_ours);
    for (unsigned long i = 0; i < rounds; ++i) all.round();
    auto const v = all.end();
    if (rounds > 50 || !is_ours)
        std::printf("%lu kills, %lu messages acknowledged, %lu refused; %lu lost, %lu of QoS 2 twice, %lu of QoS 1 again; %lu sessions and %lu retained messages lost\n",
                    v.kills, v.acknowledged, v.refused, v.lost, v.twice, v.again, v.sessions_lost, v.retained_lost);
    if (!is_ours) return;
    CHECK(v.refused == 0);
    CHECK(v.lost == 0);
    CHECK(v.twice == 0);
    CHECK(v.sessions_lost == 0);
    CHECK(v.retained_lost == 0);
    CHECK(v.acknowledged > rounds);
}
