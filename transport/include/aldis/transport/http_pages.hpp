// Pages of text over HTTP, for tools that fetch them: figures, health. No files, no bodies, one request for each connection.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <boost/asio/any_io_executor.hpp>

#include <aldis/transport/endpoint.hpp>
#include <aldis/transport/error.hpp>

namespace aldis::transport {

class http_page {
public:
    explicit http_page(std::string body, int status = 200) : body_(std::move(body)), status_(status) {}

    /// The value of Content-Type; "text/plain; charset=utf-8".
    http_page& content_type(std::string value) { content_type_ = std::move(value); return *this; }

    std::string const& body() const noexcept { return body_; }
    std::string const& content_type() const noexcept { return content_type_; }
    int                status() const noexcept { return status_; }

private:
    std::string body_;
    std::string content_type_ = "text/plain; charset=utf-8";
    int         status_;
};

/// What one visitor, and all together, may cost.
class http_pages_options {
public:
    using duration = std::chrono::steady_clock::duration;

    http_pages_options() = default;

    /// Bytes of a request; above, 431. 8 KiB.
    http_pages_options& max_request(std::size_t bytes) noexcept { max_request_ = bytes; return *this; }
    /// From accept to the end of the answer; then it is closed. 10 seconds.
    http_pages_options& timeout(duration value) noexcept { timeout_ = value; return *this; }
    /// Connections at a time; who comes when there are so many takes the place of the one that has been there longest. 16.
    http_pages_options& max_connections(std::size_t value) noexcept { max_connections_ = value; return *this; }

    std::size_t max_request() const noexcept { return max_request_; }
    duration    timeout() const noexcept { return timeout_; }
    std::size_t max_connections() const noexcept { return max_connections_; }

private:
    duration    timeout_ = std::chrono::seconds(10);
    std::size_t max_request_ = 8192;
    std::size_t max_connections_ = 16;
};

/// Answers GET and HEAD, other methods with 405, and closes after each answer. Used from its executor, which runs one handler at a time.
class http_pages {
public:
    /// The page at a path, which is still encoded, without its query, and begins with '/'; nothing: 404. What it throws is answered
    /// with 500. It may close or destroy the object that asks it.
    using page_function = std::function<std::optional<http_page>(std::string_view path)>;

    http_pages(asio::any_io_executor ex, page_function find, http_pages_options options = {});
    http_pages(http_pages const&) = delete;
    http_pages& operator=(http_pages const&) = delete;
    /// close().
    ~http_pages();

    /// Listens; of an endpoint's schemes tcp and local only. Fails as listener::open() does.
    error_code open(endpoint const& where);

    /// Where it listens, with the port that was found for port 0.
    endpoint const& local() const noexcept;

    /// Open now.
    std::size_t connections() const noexcept;

    /// At once, whatever is under way.
    void close() noexcept;

private:
    struct state;

    std::shared_ptr<state> state_;
};

} // namespace aldis::transport
