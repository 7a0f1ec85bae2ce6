// A publisher with a durable store is killed at random instants and started again, over and over: whatever it was told is stored arrives,
// at QoS 1 at least once, at QoS 2 exactly once. ALDIS_KILL_ROUNDS tells how often, ALDIS_KILL_SEED by which random numbers.
#include <array>
#include <cstdlib>
#include <map>
#include <random>
#include <set>

#include <boost/asio/posix/stream_descriptor.hpp>

#include "broker_world.hpp"

using namespace aldis;
using namespace aldis::test;

namespace {

constexpr unsigned long numbers_of_a_round = 1'000'000;

unsigned long from_environment(char const* name, unsigned long otherwise) {
    auto const* const text = std::getenv(name);
    return text ? std::strtoul(text, nullptr, 10) : otherwise;
}

/// One run of the publisher: what it says is read as numbers until it is gone.
class run {
public:
    run(world& w, std::vector<std::string> words, std::set<unsigned long>& stored) : world_(w), out_(w.io), stored_(stored) {
        std::array<int, 2> ends{};
        REQUIRE(pipe2(ends.data(), O_CLOEXEC) == 0);
        std::vector<char*> argv;
        for (auto& each : words) argv.push_back(each.data());
        argv.push_back(nullptr);
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
        REQUIRE(posix_spawn(&pid_, argv[0], &actions, nullptr, argv.data(), environ) == 0);
        posix_spawn_file_actions_destroy(&actions);
        close(ends[1]);
        out_.assign(ends[0]);
        read();
    }
    run(run const&) = delete;
    run& operator=(run const&) = delete;
    ~run() {
        if (!reaped_) kill(pid_, SIGKILL), waitpid(pid_, nullptr, 0);
    }

    unsigned long lines() const { return lines_; }
    bool          is_over() const { return over_; }
    void          strike() { kill(pid_, SIGKILL); }

    int status() {
        REQUIRE(world_.run_until([&] { return over_; }));
        int status = 0;
        waitpid(pid_, &status, 0);
        reaped_ = true;
        return status;
    }

private:
    void read() {
        out_.async_read_some(asio::buffer(buffer_), [this](error_code ec, std::size_t n) {
            if (ec) return void(over_ = true);
            for (std::size_t i = 0; i < n; ++i) take(buffer_[i]);
            read();
        });
    }

    void take(char c) {
        if (c != '\n') return void(line_ += c);
        stored_.insert(std::strtoul(line_.c_str(), nullptr, 10));
        line_.clear();
        ++lines_;
    }

    world&                         world_;
    asio::posix::stream_descriptor out_;
    std::set<unsigned long>&       stored_;
    std::array<char, 4096>         buffer_{};
    std::string                    line_{};
    unsigned long                  lines_ = 0;
    pid_t                          pid_ = 0;
    bool                           over_ = false;
    bool                           reaped_ = false;
};

} // namespace

TEST_CASE("what a publisher was told is stored arrives, however often it is killed", "[interop][mosquitto][kill]") {
    auto const     rounds = from_environment("ALDIS_KILL_ROUNDS", 50);
    auto const     seed = from_environment("ALDIS_KILL_SEED", std::random_device{}());
    INFO("ALDIS_KILL_SEED=" << seed);
    std::mt19937   random(static_cast<std::mt19937::result_type>(seed));
    broker_world   w;
    scratch_folder folder;
    auto const     file = (folder.path / "session.db").string();

    client                                 watcher(w.io, w.options("watcher", protocol::v5).receive_maximum(65'535));
    std::array<std::map<unsigned long, unsigned long>, 3> arrived;
    watcher.on_message([&](received_message const& m) { ++arrived[m.topic().back() == '2' ? 2 : 1][std::strtoul(std::string(m.text()).c_str(), nullptr, 10)]; });
    w.dial(watcher);
    w.subscribe(watcher, subscribe_list{"killed/+", qos_2});

    std::set<unsigned long> stored;
    for (unsigned long round = 0; round < rounds; ++round) {
        run                publisher(w, {ALDIS_KILL_PUBLISHER, w.uri(), file, std::to_string((round + 1) * numbers_of_a_round)}, stored);
        auto const         enough = random() % 300;                // so much is stored at least, but for rounds that are killed while they begin
        bool const         early = random() % 4 == 0;
        asio::steady_timer wait(w.io);
        bool               is_time = false;
        if (!early) REQUIRE(w.run_until([&] { return publisher.lines() >= enough || publisher.is_over(); }));
        wait.expires_after(std::chrono::microseconds(random() % (early ? 40'000 : 3'000)));
        wait.async_wait([&](error_code) { is_time = true; });
        REQUIRE(w.run_until([&] { return is_time; }));
        publisher.strike();
        auto const status = publisher.status();
        INFO("round " << round << ", status " << status);
        REQUIRE((WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
    }
    run last(w, {ALDIS_KILL_PUBLISHER, w.uri(), file}, stored);
    REQUIRE(last.status() == 0);

    w.run(w.start_publish(watcher, "killed/1", "0", qos_2));       // behind all that the publisher sent
    REQUIRE(w.run_until([&] { return arrived[1].contains(0); }));
    std::vector<unsigned long> missing;
    for (auto const no : stored)
        if (!arrived[no % 2 == 0 ? 2 : 1].contains(no)) missing.push_back(no);
    CHECK(missing == std::vector<unsigned long>{});
    unsigned long twice = 0, again = 0;
    for (auto const& each : arrived[2]) twice += each.second > 1 ? 1 : 0;
    for (auto const& each : arrived[1]) again += each.second - 1;
    CHECK(twice == 0);
    CHECK(stored.size() > rounds);
    if (rounds > 50)
        std::printf("%lu kills, %zu messages told to be stored, %zu lost, %lu of QoS 2 twice, %lu of QoS 1 sent again\n", rounds, stored.size(), missing.size(), twice, again);
}
