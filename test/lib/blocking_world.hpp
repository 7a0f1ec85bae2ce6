// Servers for tests of the blocking client: a scripted one on a thread, and Debian's mosquitto.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include <aldis/blocking_client.hpp>
#include <aldis/codec/decode.hpp>
#include <aldis/codec/encode.hpp>
#include <aldis/codec/frame.hpp>
#include <interop/process.hpp>
#include <support/catch.hpp>

namespace aldis::test {

using namespace std::chrono_literals;
using boost::asio::ip::tcp;

/// Waits for something that another thread brings about. The limit only ends a test that hangs.
template <class Predicate>
bool eventually(Predicate is_reached) {
    auto const limit = std::chrono::steady_clock::now() + 60s;
    while (!is_reached()) {
        if (std::chrono::steady_clock::now() > limit) return false;
        std::this_thread::sleep_for(1ms);
    }
    return true;
}

/// What several threads write down, in order.
class notes {
public:
    void add(std::string what) {
        std::lock_guard const lock(mutex_);
        all_.push_back(std::move(what));
    }
    std::vector<std::string> all() const {
        std::lock_guard const lock(mutex_);
        return all_;
    }
    std::size_t count(std::string_view what) const {
        std::size_t n = 0;
        for (auto const& each : all()) n += each == what;
        return n;
    }
    bool has(std::string_view what) const { return count(what) > 0; }
    /// Both are there, and the first of `a` comes before the first of `b`.
    bool in_order(std::string_view a, std::string_view b) const {
        auto const now = all();
        auto const first = std::find(now.begin(), now.end(), a);
        return first != now.end() && std::find(first, now.end(), b) != now.end() && std::find(now.begin(), first, b) == first;
    }

private:
    mutable std::mutex       mutex_{};
    std::vector<std::string> all_{};
};

/// One client at a time. What it may do otherwise than a good server is set by its members, before or while it runs. No assertions: those of
/// the test framework belong to one thread.
class scripted_server {
public:
    scripted_server() : thread_([this] { serve(); }) {}
    ~scripted_server() {
        ends_ = true;
        drop();
        boost::system::error_code ignored;
        tcp::socket               knock(io_);                      // accept() is not left otherwise
        knock.connect(tcp::endpoint(boost::asio::ip::address_v4::loopback(), port()), ignored);
        thread_.join();
    }

    std::uint16_t   port() const { return port_; }
    blocking_config config(std::string id = "lamp") const { return blocking_config("127.0.0.1", port_).client_id(std::move(id)); }

    std::atomic<int>  refuses_with{-1};                            // the reason code of CONNACK, as 5.0 has it
    std::atomic<bool> is_silent{false};                            // no CONNACK
    std::atomic<bool> is_old{false};                               // knows 3.1.1 only, and answers 5.0 in its form
    std::atomic<bool> remembers{false};                            // session present
    std::atomic<bool> acknowledges{true};
    std::atomic<bool> echoes{true};                                // each message comes back
    std::atomic<int>  refuses_publish{-1};
    notes             seen{};                                      // packets, by name; CONNECT with its version

    /// Ends the connection there is.
    void drop() {
        std::lock_guard const     lock(mutex_);
        boost::system::error_code ignored;
        if (socket_) socket_->shutdown(tcp::socket::shutdown_both, ignored);
    }
    template <class Packet>
    void send(Packet const& p) {
        byte_buffer out;
        if (codec::encode(p, {version_, sender::server}, out)) send_bytes(out);
    }
    void send_bytes(bytes_view out) {
        std::lock_guard const     lock(mutex_);
        boost::system::error_code ignored;
        if (socket_) boost::asio::write(*socket_, boost::asio::buffer(out.data(), out.size()), ignored);
    }
    void send_message(std::string_view topic, std::string_view text, qos_level qos = qos_level::at_most_once) {
        packet::publish p;
        p.topic = topic;
        p.payload = to_bytes(text);
        p.qos = qos;
        if (qos != qos_level::at_most_once) p.id = next_id_ = static_cast<packet_id>(next_id_ % 60'000 + 1);
        send(p);
    }

private:
    void serve() {
        while (!ends_) {
            boost::system::error_code ec;
            tcp::socket               next(io_);
            acceptor_.accept(next, ec);
            if (ec || ends_) return;
            {
                std::lock_guard const lock(mutex_);
                socket_.emplace(std::move(next));
            }
            talk();
            std::lock_guard const lock(mutex_);
            socket_.reset();
        }
    }

    void talk() {
        byte_buffer                  in;
        std::array<std::byte, 65536> piece;
        while (!ends_) {
            boost::system::error_code ec;
            auto const                n = socket_->read_some(boost::asio::buffer(piece), ec);
            if (ec) return;
            in.insert(in.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(n));
            for (;;) {
                auto const found = codec::next_frame(bytes_view(in.data(), in.size()), max_packet_size);
                if (!found || !*found) break;
                if (!answer(**found)) return;
                in.erase(in.begin(), in.begin() + static_cast<std::ptrdiff_t>((*found)->size));
            }
        }
    }

    bool answer(codec::frame const& frame) {
        auto const packet = codec::decode(frame, {version_, sender::client});
        if (!packet) return false;
        seen.add(std::string(name_of(frame.type)));
        return std::visit([this](auto const& p) { return on(p); }, *packet);
    }

    bool on(packet::connect const& p) {
        version_ = p.version;
        seen.add("CONNECT " + std::string(name_of(p.version)) + (p.clean_start ? " clean" : ""));
        if (is_silent) return true;
        if (is_old && is_v5(version_)) {
            send_bytes(to_bytes(std::string_view("\x20\x02\x00\x01", 4)));
            return false;
        }
        packet::connack a;
        if (refuses_with >= 0) a.reason = static_cast<reason_code>(refuses_with.load());
        else a.session_present = remembers && !p.clean_start;
        send(a);
        return refuses_with < 0;
    }
    bool on(packet::publish const& p) {
        auto const reason = refuses_publish >= 0 ? static_cast<reason_code>(refuses_publish.load()) : reason_code::success;
        seen.add("PUBLISH " + std::string(p.topic) + " " + std::string(to_text(p.payload)));
        if (!acknowledges) return true;
        if (p.qos == qos_level::at_least_once) send(packet::puback{.id = p.id, .reason = reason, .props = {}});
        if (p.qos == qos_level::exactly_once) send(packet::pubrec{.id = p.id, .reason = reason, .props = {}});
        if (p.qos == qos_level::exactly_once) held_.emplace_back(p.topic, to_text(p.payload));
        else if (echoes) send_message(p.topic, to_text(p.payload), p.qos);
        return true;
    }
    bool on(packet::pubrel const& p) {
        send(packet::pubcomp{.id = p.id, .reason = reason_code::success, .props = {}});
        if (echoes)
            for (auto const& [topic, text] : std::exchange(held_, {})) send_message(topic, text, qos_level::exactly_once);
        return true;
    }
    bool on(packet::pubrec const& p) { return send(packet::pubrel{.id = p.id, .reason = reason_code::success, .props = {}}), true; }
    bool on(packet::subscribe const& p) {
        wire_builder<reason_code> codes;
        for (auto const& each : p.filters) {
            seen.add("SUBSCRIBE " + std::string(each.filter));
            codes.add(each.filter.starts_with("forbidden") ? reason_code::not_authorized : static_cast<reason_code>(each.qos));
        }
        packet::suback a;
        a.id = p.id;
        a.codes = codes.view();
        return send(a), true;
    }
    bool on(packet::unsubscribe const& p) {
        wire_builder<reason_code> codes;
        for ([[maybe_unused]] auto const& each : p.filters) codes.add(reason_code::success);
        packet::unsuback a;
        a.id = p.id;
        if (is_v5(version_)) a.codes = codes.view();
        return send(a), true;
    }
    bool on(packet::pingreq const&) { return send(packet::pingresp{}), true; }
    bool on(packet::disconnect const&) { return false; }
    template <class Other>
    bool on(Other const&) { return true; }

    boost::asio::io_context    io_{};
    tcp::acceptor              acceptor_{io_, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0)};
    std::uint16_t              port_ = acceptor_.local_endpoint().port();
    std::mutex                 mutex_{};
    std::optional<tcp::socket> socket_{};
    std::atomic<protocol>      version_{protocol::v3_1_1};
    std::atomic<packet_id>     next_id_{0};
    std::vector<std::pair<std::string, std::string>> held_{};
    std::atomic<bool>          ends_{false};
    std::thread                thread_;
};

/// A mosquitto of our own on a free loopback port.
class mosquitto_server {
public:
    mosquitto_server() {
        REQUIRE(std::string_view(ALDIS_MOSQUITTO).find("NOTFOUND") == std::string_view::npos);
        for (int attempt = 0; attempt < 5 && !is_up(); ++attempt) start();
        REQUIRE(is_up());
    }

    std::uint16_t   port() const { return port_; }
    blocking_config config(std::string id = "lamp") const { return blocking_config("127.0.0.1", port_).client_id(std::move(id)); }

private:
    bool is_up() {
        if (!mosquitto_ || mosquitto_->has_ended()) return false;
        boost::asio::io_context   io;
        tcp::socket               probe(io);
        boost::system::error_code ec;
        probe.connect(tcp::endpoint(boost::asio::ip::address_v4::loopback(), port_), ec);
        return !ec;
    }
    void start() {
        port_ = free_port();
        auto const file = folder_.path / "mosquitto.conf";
        std::ofstream(file) << "listener " << port_ << " 127.0.0.1\nallow_anonymous true\npersistence false\n";
        mosquitto_.reset();
        mosquitto_ = std::make_unique<process>(std::vector<std::string>{ALDIS_MOSQUITTO, "-c", file.string()});
        (void)eventually([&] { return mosquitto_->has_ended() || is_up(); });
    }

    scratch_folder           folder_{};
    std::uint16_t            port_ = 0;
    std::unique_ptr<process> mosquitto_{};
};

} // namespace aldis::test
