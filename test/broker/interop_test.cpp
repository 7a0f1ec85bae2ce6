// Clients that others wrote, from the distribution's packages, on our broker.
#include <filesystem>
#include <fstream>

#include <aldis/broker.hpp>
#include <boost/asio/steady_timer.hpp>
#include <interop/process.hpp>
#include <lib/world.hpp>

using namespace aldis;
using namespace aldis::test;

namespace {

/// Our broker on a free port, and programs that are its clients.
class served : public world {
public:
    served() { port = std::to_string(made.listen(broker_listener("mqtt://127.0.0.1:0")).port()); }

    /// Runs the loop until `other` has ended.
    void wait(process& other) {
        REQUIRE(run_until_slowly([&] { return other.has_ended(); }));
    }
    template <class Predicate>
    bool run_until_slowly(Predicate is_reached) {
        for (int i = 0; i < 3'000 && !is_reached(); ++i) {
            asio::steady_timer  next(io, 20ms);
            outcome<error_code> again;
            next.async_wait(again.handler());
            run(again);
        }
        return is_reached();
    }

    /// A client of ours that sees everything.
    client& watcher() {
        if (!watching) {
            watching = std::make_unique<client>(io, connect_options{"mqtt://127.0.0.1:" + port}.client_id("watcher"));
            connect_outcome done;
            watching->async_connect(done.handler());
            run(done);
            REQUIRE_FALSE(done.ec());
        }
        return *watching;
    }

    broker                  made{io, broker_options{}};
    std::string             port{};
    std::unique_ptr<client> watching{};
};

std::vector<std::string> with(std::string program, std::string const& port, std::initializer_list<std::string> more) {
    std::vector<std::string> all{std::move(program), "-h", "127.0.0.1", "-p", port};
    all.insert(all.end(), more);
    return all;
}

} // namespace

TEST_CASE("mosquitto_pub publishes with every version and QoS, retains, and leaves a will", "[broker][interop]") {
    served     w;
    auto const version = GENERATE(as<std::string>{}, "mqttv31", "mqttv311", "mqttv5");
    w.subscribe(w.watcher(), subscribe_list{"t/#", qos_2});
    for (auto const* const qos : {"0", "1", "2"}) {
        process pub(with(ALDIS_MOSQUITTO_PUB, w.port, {"-V", version, "-q", qos, "-t", "t/" + version, "-m", std::string("said ") + qos, "-r"}));
        w.wait(pub);
        auto const m = w.receive(w.watcher());
        CHECK(m.text() == std::string("said ") + qos);
        CHECK(m.qos() == static_cast<qos_level>(qos[0] - '0'));
    }
    process gone(with(ALDIS_MOSQUITTO_SUB, w.port, {"-V", version, "-t", "nothing", "-i", "gone", "--will-topic", "t/will", "--will-payload", "gone", "--will-qos", "1"}));
    REQUIRE(w.run_until_slowly([&] { return w.made.session("gone").has_value(); }));
    gone.end();
    CHECK(w.receive(w.watcher()).text() == "gone");
}

TEST_CASE("mosquitto_sub gets what is retained, what is published, and its share", "[broker][interop]") {
    served              w;
    scratch_folder          folder;
    auto const          version = GENERATE(as<std::string>{}, "mqttv311", "mqttv5");
    publish_outcome     kept;
    w.watcher().async_publish("r/1", "kept", publish_options{}.qos(qos_1).retain(true), kept.handler());
    w.run(kept);
    auto const out = folder.path / "out.txt";
    process    sub(with(ALDIS_MOSQUITTO_SUB, w.port, {"-V", version, "-q", "2", "-t", "r/#", "-t", "$share/g/s", "-C", "3", "-F", "%t %q %r %p", "-i", "sub"}), out);
    REQUIRE(w.run_until_slowly([&] { return w.made.session("sub") && w.made.session("sub")->subscriptions == 2; }));
    for (auto const* const topic : {"r/2", "s"}) {
        publish_outcome done;
        w.watcher().async_publish(topic, "live", publish_options{}.qos(qos_2), done.handler());
        w.run(done);
    }
    w.wait(sub);
    std::ifstream in(out);
    std::string   one, two, three;
    std::getline(in, one);
    std::getline(in, two);
    std::getline(in, three);
    CHECK(one == "r/1 1 1 kept");
    CHECK(two == "r/2 2 0 live");
    CHECK(three == "s 2 0 live");
}

TEST_CASE("mosquitto_sub resumes its session", "[broker][interop]") {
    served     w;
    scratch_folder folder;
    auto const version = GENERATE(as<std::string>{}, "mqttv311", "mqttv5");
    auto const args = [&](std::initializer_list<std::string> more) {
        auto all = with(ALDIS_MOSQUITTO_SUB, w.port, {"-V", version, "-q", "1", "-t", "t", "-c", "-i", "keeper", "-x", "100"});
        if (version == "mqttv311") all.resize(all.size() - 2);
        all.insert(all.end(), more);
        return all;
    };
    process first(args({"-E"}));
    w.wait(first);
    for (auto const* const text : {"1", "2"}) {
        publish_outcome done;
        w.watcher().async_publish("t", text, publish_options{}.qos(qos_1), done.handler());
        w.run(done);
    }
    auto const out = folder.path / "out.txt";
    process    second(args({"-C", "2"}), out);
    w.wait(second);
    std::ifstream in(out);
    std::string   one, two;
    std::getline(in, one);
    std::getline(in, two);
    CHECK(one == "1");
    CHECK(two == "2");
}

TEST_CASE("a Paho client sends back what it gets", "[broker][interop]") {
    served     w;
    auto const version = GENERATE(as<std::string>{}, "311", "5");
    auto&      c = w.watcher();
    w.subscribe(c, subscribe_list{"paho/ready", qos_1}.add("from/paho/#", qos_2));
    process paho({ALDIS_PAHO_PYTHON, ALDIS_PAHO_ECHO, w.port, version});
    CHECK(w.receive(c).text() == "ready");
    for (auto const qos : {qos_0, qos_1, qos_2}) {
        publish_outcome done;
        c.async_publish("to/paho/x", "hello", publish_options{}.qos(qos).user_property("a", "1"), done.handler());
        w.run(done);
        auto const m = w.receive(c);
        CHECK(m.topic() == "from/paho/x");
        CHECK(m.qos() == qos);
        CHECK(m.props().has(property_id::user_property) == (version == "5"));
    }
    publish_outcome done;
    c.async_publish("to/paho/stop", "", publish_options{}.qos(qos_1), done.handler());
    w.run(done);
    w.wait(paho);
}
