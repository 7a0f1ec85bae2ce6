// libmosquitto as a client of our broker, which runs on a thread of its own: every way, both versions.
#include <algorithm>
#include <chrono>
#include <deque>
#include <memory>
#include <thread>

#include <mosquitto.h>
#include <mqtt_protocol.h>

#include <aldis/broker.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <support/catch.hpp>
#include <support/certificates.hpp>
#include <transport/loop.hpp>

using namespace aldis;
using namespace aldis::test;
using namespace std::string_literals;

namespace {

struct library {
    library() { mosquitto_lib_init(); }
    ~library() { mosquitto_lib_cleanup(); }
};

/// Listens on TCP, TLS and a unix socket.
class served {
public:
    served() {
        transport::tls_options tls;
        tls.certificate_file(certificate("server.pem")).key_file(certificate("server.key"));
        tcp = made_.listen(broker_listener("mqtt://127.0.0.1:0")).port();
        secured = made_.listen(broker_listener("mqtts://127.0.0.1:0").tls(tls)).port();
        made_.listen(broker_listener(transport::local_endpoint(folder_.file())));
        runner_ = std::thread([this] { io_.run(); });
    }
    ~served() {
        asio::post(io_, [this] { made_.stop(); });
        runner_.join();
    }

    std::string path() const { return folder_.file(); }

    int tcp = 0, secured = 0;

private:
    scratch_folder   folder_{};
    asio::io_context io_{1};
    broker           made_{io_, broker_options{}};
    std::thread      runner_{};
};

struct arrival {
    std::string topic{};
    std::string text{};
    int         qos = 0;
    bool        retain = false;
    bool        has_pair = false;
};

/// A client of the library. It talks while somebody waits for something.
class peer {
public:
    struct how {
        std::string way = "tcp";
        int         version = MQTT_PROTOCOL_V5;
        bool        is_kept = false;
        std::string will{};
    };

    peer(served& at, std::string const& name, how const& with) : is_v5_(with.version == MQTT_PROTOCOL_V5) {
        raw_ = mosquitto_new(name.c_str(), !with.is_kept, this);
        REQUIRE(raw_ != nullptr);
        REQUIRE(mosquitto_int_option(raw_, MOSQ_OPT_PROTOCOL_VERSION, with.version) == MOSQ_ERR_SUCCESS);
        mosquitto_connect_v5_callback_set(raw_, [](mosquitto*, void* self, int answer, int flags, mosquitto_property const*) {
            static_cast<peer*>(self)->code = answer;
            static_cast<peer*>(self)->session_present = (flags & 1) != 0;
        });
        mosquitto_message_v5_callback_set(raw_, [](mosquitto*, void* self, mosquitto_message const* m, mosquitto_property const* props) {
            bool const has_pair = mosquitto_property_read_string_pair(props, MQTT_PROP_USER_PROPERTY, nullptr, nullptr, false) != nullptr;
            static_cast<peer*>(self)->got_.push_back({m->topic, std::string(static_cast<char const*>(m->payload), static_cast<std::size_t>(m->payloadlen)), m->qos, m->retain, has_pair});
        });
        mosquitto_publish_callback_set(raw_, [](mosquitto*, void* self, int id) { static_cast<peer*>(self)->done_ = id; });
        mosquitto_subscribe_callback_set(raw_, [](mosquitto*, void* self, int, int, int const* granted) { static_cast<peer*>(self)->granted_ = *granted; });
        if (!with.will.empty()) REQUIRE(mosquitto_will_set(raw_, with.will.c_str(), 4, "gone", 1, false) == MOSQ_ERR_SUCCESS);
        if (with.way == "tls") REQUIRE(mosquitto_tls_set(raw_, certificate("ca.pem").c_str(), nullptr, nullptr, nullptr, nullptr) == MOSQ_ERR_SUCCESS);
        mosquitto_property* props = nullptr;
        if (is_v5_ && with.is_kept) REQUIRE(mosquitto_property_add_int32(&props, MQTT_PROP_SESSION_EXPIRY_INTERVAL, 100) == MOSQ_ERR_SUCCESS);
        bool const is_unix = with.way == "unix";
        auto const host = is_unix ? at.path() : "127.0.0.1"s;
        REQUIRE(mosquitto_connect_bind_v5(raw_, host.c_str(), is_unix ? 0 : with.way == "tls" ? at.secured : at.tcp, 60, nullptr, props) == MOSQ_ERR_SUCCESS);
        mosquitto_property_free_all(&props);
        wait([this] { return code != -1; });
        REQUIRE(code == 0);
    }
    peer(peer const&) = delete;
    peer& operator=(peer const&) = delete;
    ~peer() { mosquitto_destroy(raw_); }                           // its socket is closed without a word

    int subscribe(std::string const& filter, int qos) {
        granted_ = -1;
        REQUIRE(mosquitto_subscribe(raw_, nullptr, filter.c_str(), qos) == MOSQ_ERR_SUCCESS);
        wait([this] { return granted_ != -1; });
        return granted_;
    }

    void publish(std::string const& topic, std::string const& text, int qos, bool retain = false) {
        int                 id = 0;
        mosquitto_property* props = nullptr;
        if (is_v5_) REQUIRE(mosquitto_property_add_string_pair(&props, MQTT_PROP_USER_PROPERTY, "a", "1") == MOSQ_ERR_SUCCESS);
        REQUIRE(mosquitto_publish_v5(raw_, &id, topic.c_str(), static_cast<int>(text.size()), text.data(), qos, retain, props) == MOSQ_ERR_SUCCESS);
        mosquitto_property_free_all(&props);
        wait([&] { return done_ == id; });
    }

    arrival next() {
        wait([this] { return !got_.empty(); });
        auto first = got_.front();
        got_.pop_front();
        return first;
    }
    bool has_more() const { return !got_.empty(); }

    void leave() {
        REQUIRE(mosquitto_disconnect(raw_) == MOSQ_ERR_SUCCESS);
        while (mosquitto_loop(raw_, 10, 1) == MOSQ_ERR_SUCCESS) {}
    }

    int  code = -1;
    bool session_present = false;

private:
    template <class Predicate>
    void wait(Predicate is_reached) {
        auto const limit = std::chrono::steady_clock::now() + std::chrono::seconds(60);
        while (!is_reached()) {
            REQUIRE(std::chrono::steady_clock::now() < limit);
            REQUIRE(mosquitto_loop(raw_, 10, 1) == MOSQ_ERR_SUCCESS);
        }
    }

    mosquitto*          raw_ = nullptr;
    std::deque<arrival> got_{};
    int                 done_ = -1;
    int                 granted_ = -1;
    bool                is_v5_;
};

} // namespace

TEST_CASE("libmosquitto exchanges messages, resumes its session, and leaves a will, over each kind of listener", "[broker][interop]") {
    library    all;
    served     at;
    auto const way = GENERATE(as<std::string>{}, "tcp", "tls", "unix");
    auto const version = GENERATE(MQTT_PROTOCOL_V311, MQTT_PROTOCOL_V5);
    CAPTURE(way, version);
    peer::how const plain{way, version, false, {}}, kept{way, version, true, {}};
    peer            writer(at, "writer", plain);
    auto            keeper = std::make_unique<peer>(at, "keeper", kept);
    CHECK_FALSE(keeper->session_present);
    CHECK(keeper->subscribe("t/#", 2) == 2);

    for (int qos = 0; qos <= 2; ++qos) {
        writer.publish("t/x", "said", qos);
        auto const m = keeper->next();
        CHECK(m.topic == "t/x");
        CHECK(m.text == "said");
        CHECK(m.qos == qos);
        CHECK_FALSE(m.retain);
        CHECK(m.has_pair == (version == MQTT_PROTOCOL_V5));
    }

    keeper->leave();
    for (int qos = 1; qos <= 2; ++qos) writer.publish("t/late", std::to_string(qos), qos);
    keeper = std::make_unique<peer>(at, "keeper", kept);
    CHECK(keeper->session_present);
    CHECK(keeper->next().text == "1");
    CHECK(keeper->next().text == "2");

    writer.publish("r", "kept", 2, true);
    CHECK(keeper->subscribe("r", 1) == 1);
    auto const old = keeper->next();
    CHECK(old.text == "kept");
    CHECK(old.retain);

    { peer mortal(at, "mortal", {way, version, false, "t/will"}); }
    CHECK(keeper->next().text == "gone");
}

TEST_CASE("libmosquitto's clients share a subscription", "[broker][interop]") {
    library all;
    served  at;
    peer    writer(at, "writer", {}), a(at, "a", {}), b(at, "b", {});
    for (auto* const each : {&a, &b}) CHECK(each->subscribe("$share/group/s", 1) == 1);
    for (int i = 0; i < 10; ++i) writer.publish("s", std::to_string(i), 1);
    for (auto* const each : {&a, &b}) {
        for (int i = 0; i < 5; ++i) each->next();
        CHECK_FALSE(each->has_more());
    }
}
