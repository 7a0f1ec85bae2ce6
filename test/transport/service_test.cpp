// Servers named by DNS SRV records (RFC 2782), asked of a name server on loopback.
#include "ports.hpp"

#include <array>
#include <map>

#include <boost/asio/ip/udp.hpp>

#include <srv_lookup.hpp>

using namespace aldis::test;
using namespace aldis::transport;
using namespace std::chrono_literals;
using asio::ip::udp;

namespace {

void put16(std::string& to, std::size_t value) {
    to += static_cast<char>(value >> 8 & 255);
    to += static_cast<char>(value & 255);
}

std::string wire_name(std::string const& host) {
    std::string out;
    for (std::size_t begin = 0; begin < host.size();) {
        auto const end = std::min(host.find('.', begin), host.size());
        out += static_cast<char>(end - begin);
        out += host.substr(begin, end - begin);
        begin = end + 1;
    }
    return out + '\0';
}

// Answers every query with its records, or with a code of failure.
class name_server {
public:
    explicit name_server(loop& on) : socket_(on.io, udp::endpoint(asio::ip::address_v4::loopback(), 0)) { listen(); }

    std::string where() const { return "127.0.0.1:" + std::to_string(socket_.local_endpoint().port()); }

    void add(srv_record const& record) {
        std::string data;
        put16(data, record.priority);
        put16(data, record.weight);
        put16(data, record.port);
        data += record.host.empty() ? std::string(1, '\0') : wire_name(record.host);
        records_.push_back(data);
    }
    void fail_with(std::size_t code) { code_ = code; }
    void fall_silent() { is_silent_ = true; }

    std::vector<std::string> const& asked() const { return asked_; }

private:
    void listen() {
        socket_.async_receive_from(asio::buffer(query_), from_, [this](error_code ec, std::size_t size) {
            if (ec) return;
            if (size > 12) answer(std::string(query_.data(), size));
            listen();
        });
    }

    void answer(std::string const& query) {
        std::string name;
        std::size_t at = 12;
        for (; query[at] != 0; at += static_cast<std::size_t>(query[at]) + 1)
            name += (name.empty() ? "" : ".") + query.substr(at + 1, static_cast<std::size_t>(query[at]));
        asked_.push_back(name);
        if (is_silent_) return;
        auto const question = query.substr(12, at + 5 - 12);
        auto       reply = query.substr(0, 2);
        put16(reply, 0x8180 | code_);
        put16(reply, 1);
        put16(reply, records_.size());
        reply += std::string(4, '\0') + question;
        for (auto const& each : records_) {
            reply += "\xC0\x0C";
            put16(reply, 33);
            put16(reply, 1);
            reply += std::string(4, '\0');
            put16(reply, each.size());
            reply += each;
        }
        socket_.send_to(asio::buffer(reply), from_);
    }

    udp::socket              socket_;
    udp::endpoint            from_;
    std::array<char, 512>    query_{};
    std::vector<std::string> records_;
    std::vector<std::string> asked_;
    std::size_t              code_ = 0;
    bool                     is_silent_ = false;
};

connect_options asking(name_server const& server) { return connect_options{}.service_lookup(true).name_servers({server.where()}); }

} // namespace

TEST_CASE("the servers of a domain are tried by priority", "[transport][service]") {
    loop        on;
    name_server names(on);
    listener    from(on.ex());
    REQUIRE_FALSE(from.open(tcp_on_loopback()));
    silent_port const nobody(on);
    names.add({"127.0.0.1", from.local().port(), 20, 0});
    names.add({"127.0.0.1", nobody.where().port(), 10, 0});
    stream_outcome accepted;
    from.async_accept(accepted.handler());
    std::vector<std::string> notes;
    auto const               see = [&](note const& said) { notes.push_back(said.text()); };

    auto const done = on.connect(endpoint(scheme::tcp, "lamp.example"), asking(names).observe(see));
    on.run(done);

    REQUIRE_FALSE(done.ec());
    CHECK(done.value()->remote_name() == "127.0.0.1:" + std::to_string(from.local().port()));
    CHECK(names.asked() == std::vector<std::string>{"_mqtt._tcp.lamp.example"});
    CHECK(notes.at(1) == "connecting to 127.0.0.1:" + std::to_string(nobody.where().port()));
}

TEST_CASE("for TLS another service is asked for", "[transport][service]") {
    loop        on;
    name_server names(on);
    names.fail_with(3);

    auto const done = on.connect(endpoint(scheme::tls, "lamp.example"), asking(names));
    on.run(done);

    CHECK(done.ec() == errc::no_service);
    CHECK(names.asked() == std::vector<std::string>{"_secure-mqtt._tcp.lamp.example"});
}

TEST_CASE("a domain without usable servers says so", "[transport][service]") {
    loop        on;
    name_server names(on);
    SECTION("no records") {}
    SECTION("a record that says there is none") { names.add({"", 0, 0, 0}); }
    SECTION("port 0") { names.add({"127.0.0.1", 0, 0, 0}); }
    SECTION("a name that is none") { names.add({"lamp example\n", 1883, 0, 0}); }

    auto const done = on.connect(endpoint(scheme::tcp, "lamp.example"), asking(names));
    on.run(done);

    CHECK(done.ec() == errc::no_service);
}

TEST_CASE("name servers that fail are told from a domain without servers", "[transport][service]") {
    loop        on;
    name_server names(on);
    names.fail_with(2);

    auto const done = on.connect(endpoint(scheme::tcp, "lamp.example"), asking(names));
    on.run(done);

    CHECK(done.ec() == errc::lookup_failed);
}

TEST_CASE("a name server that is silent meets the limit of the step", "[transport][service]") {
    loop        on;
    name_server names(on);
    names.fall_silent();

    auto const done = on.connect(endpoint(scheme::tcp, "lamp.example"), asking(names).timeout(phase::resolve, 50ms));
    on.run(done);

    CHECK(done.ec() == errc::timed_out);
}

TEST_CASE("a name server must be an address", "[transport][service]") {
    loop on;

    auto const done = on.connect(endpoint(scheme::tcp, "lamp.example"), connect_options{}.service_lookup(true).name_servers({"not an address"}));
    on.run(done);

    CHECK(done.ec() == asio::error::invalid_argument);
}

TEST_CASE("a lookup that is given up calls nobody", "[transport][service]") {
    loop        on;
    name_server names(on);
    names.fall_silent();
    int calls = 0;
    {
        srv_lookup lookup(on.ex());
        lookup.start("_mqtt._tcp.lamp.example", {names.where()}, [&](error_code, srv_lookup::answer const&) { ++calls; });
        on.settle();
    }
    on.settle();
    CHECK(calls == 0);
}

TEST_CASE("within a priority weights decide by chance", "[transport][service]") {
    auto const hosts = [](std::uint32_t drawn) {
        std::vector<srv_record> records{{"c", 1, 7, 5}, {"a", 1, 3, 30}, {"b", 1, 3, 10}, {"z", 1, 3, 0}};
        order_by_priority(records, [drawn](std::uint32_t most) { return std::min(drawn, most); });
        std::string order;
        for (auto const& each : records) order += each.host;
        return order;
    };

    CHECK(hosts(0) == "zabc");
    CHECK(hosts(1) == "abzc");
    CHECK(hosts(30) == "abzc");
    CHECK(hosts(40) == "bazc");
}
