// Requests that wait for their answers: one subscription for each response topic, correlation, time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/steady_timer.hpp>

#include <aldis/client.hpp>
#include <aldis/request_response.hpp>

#include "operation.hpp"

namespace aldis {

/// Made with the first request of a client.
class requester {
public:
    using request_operation = operation<error_code, received_message>;

    explicit requester(client::impl& of);

    void request(std::string_view topic, payload_view payload, request_options const& how, request_operation op);
    /// A connection is open: what had to wait for its Response Information can go.
    void connected();
    /// Every request ends with `why`.
    void abort(error_code why);

    void          limit(std::size_t most) noexcept { most_ = most; }
    std::size_t   pending() const noexcept { return pending_.size(); }
    std::uint64_t stray() const noexcept { return stray_; }

private:
    using clock = std::chrono::steady_clock;

    struct request_record {
        request_operation op;
        std::string       topic;
        std::string       payload;
        publish_options   how;
        std::uint32_t     expiry;                                  // seconds; 0: none
        std::string       response_topic;                          // empty until the client's own is known
        clock::time_point due{};
        bool              is_sent = false;
    };

    error_code    check(std::string_view topic, request_options const& how) const;
    std::string   own_topic();
    void          open(std::uint64_t no);
    void          answered(std::string const& response_topic, error_code why);
    void          send(std::uint64_t no);
    void          arrived(std::string const& response_topic, received_message const& m);
    std::uint64_t number_of(std::string const& response_topic, received_message const& m) const;
    void          finish(std::uint64_t no, error_code why, received_message answer);
    void          forget_due(std::uint64_t no, clock::time_point when);
    void          arm();
    void          timer_fired();

    client::impl&                                   of_;
    asio::steady_timer                              timer_;
    std::string                                     nonce_;        // what tells our correlation data from that of others
    std::string                                     own_{};
    std::string                                     information_{};
    std::map<std::string, client_subscription>      channels_{};   // by response topic
    std::map<std::uint64_t, request_record>         pending_{};
    std::multimap<clock::time_point, std::uint64_t> due_{};
    std::optional<clock::time_point>                armed_{};
    std::size_t                                     most_ = 1'000;
    std::uint64_t                                   next_ = 1;
    std::uint64_t                                   stray_ = 0;
};

} // namespace aldis
