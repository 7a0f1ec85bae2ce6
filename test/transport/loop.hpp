// An event loop for one test, and outcomes to wait for.
#pragma once

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include <unistd.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>

#include <aldis/transport/connect.hpp>
#include <aldis/transport/listener.hpp>
#include <aldis/transport/memory.hpp>
#include <support/catch.hpp>

namespace aldis::test {

namespace asio = boost::asio;
using transport::error_code;
using transport::stream;
using stream_ptr = std::unique_ptr<stream>;

/// What a handler was called with, and how often. Copies share it.
template <class... Values>
class outcome {
public:
    auto handler() {
        return [state = state_](Values... values) {
            ++state->calls;
            state->values.emplace(std::move(values)...);
        };
    }

    bool       is_done() const { return state_->values.has_value(); }
    int        calls() const { return state_->calls; }
    error_code ec() const { return std::get<0>(state_->values.value()); }
    auto&      value() const { return std::get<1>(state_->values.value()); }

private:
    struct record {
        std::optional<std::tuple<Values...>> values;
        int                                  calls = 0;
    };
    std::shared_ptr<record> state_ = std::make_shared<record>();
};

using io_outcome = outcome<error_code, std::size_t>;
using wait_outcome = outcome<error_code>;
using stream_outcome = outcome<error_code, stream_ptr>;

/// Runs handlers until something holds. The limit only ends a test that hangs; no test waits for it.
class loop {
public:
    asio::io_context io;

    auto ex() { return asio::any_io_executor(io.get_executor()); }

    template <class Predicate>
    bool run_until(Predicate is_reached) {
        auto const limit = std::chrono::steady_clock::now() + std::chrono::seconds(60);
        io.restart();
        while (!is_reached())
            if (io.run_one_until(limit) == 0) return is_reached();
        return true;
    }

    template <class... Values>
    void run(outcome<Values...> const& expected) {
        REQUIRE(run_until([&] { return expected.is_done(); }));
    }

    /// Runs all that is ready, without waiting.
    void settle() {
        io.restart();
        io.poll();
    }

    io_outcome read_some(stream& from, std::string& into) {
        io_outcome done;
        from.async_read_some(asio::buffer(into), done.handler());
        return done;
    }

    /// Reads exactly `size` bytes, or what comes before an error.
    std::string read(stream& from, std::size_t size) {
        std::string all;
        while (all.size() < size) {
            std::string part(size - all.size(), '\0');
            auto const  done = read_some(from, part);
            run(done);
            all += part.substr(0, done.value());
            if (done.ec()) break;
        }
        return all;
    }

    /// Writes all of it; the error that stopped it otherwise.
    error_code write(stream& to, std::string_view bytes) {
        while (!bytes.empty()) {
            asio::const_buffer const piece(bytes.data(), bytes.size());
            io_outcome               done;
            to.async_write_some(std::span(&piece, 1), done.handler());
            run(done);
            if (done.ec()) return done.ec();
            bytes.remove_prefix(done.value());
        }
        return {};
    }

    error_code next_read_error(stream& from) {
        std::string byte(1, '\0');
        auto const  done = read_some(from, byte);
        run(done);
        return done.ec();
    }

    stream_outcome connect(transport::endpoint const& where, transport::connect_options const& options = {}) {
        stream_outcome done;
        transport::async_connect(ex(), where, options, done.handler());
        return done;
    }

    /// Two connected streams, the accepted one second.
    std::pair<stream_ptr, stream_ptr> connect_pair(transport::listener& from) {
        stream_outcome accepted;
        from.async_accept(accepted.handler());
        auto const connected = connect(from.local());
        run(connected);
        run(accepted);
        REQUIRE_FALSE(connected.ec());
        REQUIRE_FALSE(accepted.ec());
        return {std::move(connected.value()), std::move(accepted.value())};
    }
};

inline error_code system_error_code(int number) { return {number, boost::system::system_category()}; }

inline transport::endpoint tcp_on_loopback() { return transport::endpoint(transport::scheme::tcp, "127.0.0.1", 0); }

/// A folder of its own, removed with what is in it.
class scratch_folder {
public:
    scratch_folder() {
        auto const  base = std::getenv("TMPDIR");
        std::string pattern = std::string(base ? base : "/tmp") + "/aldis-XXXXXX";
        REQUIRE(mkdtemp(pattern.data()) != nullptr);
        path_ = pattern;
    }
    ~scratch_folder() {
        unlink(file().c_str());
        rmdir(path_.c_str());
    }
    scratch_folder(scratch_folder const&) = delete;
    scratch_folder& operator=(scratch_folder const&) = delete;

    std::string file() const { return path_ + "/socket"; }

private:
    std::string path_;
};

} // namespace aldis::test
