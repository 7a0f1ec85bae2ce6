// DNS SRV records (RFC 2782): which hosts serve MQTT for a domain.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include <aldis/transport/error.hpp>

namespace aldis::transport {

struct srv_record {
    std::string   host;
    std::uint16_t port = 0;
    std::uint16_t priority = 0;
    std::uint16_t weight = 0;
};

/// Sorts by priority; within one, each draws its place with a chance that its weight gives it. `draw(n)` is a number from 0 to n.
template <class Draw>
void order_by_priority(std::vector<srv_record>& records, Draw draw);

/// One query to the name servers, under way; destroying it gives it up, and then nothing is called.
class srv_lookup {
public:
    using answer = std::vector<srv_record>;                        // in the order to try; never empty without an error
    using answer_handler = std::function<void(error_code, answer)>;

    explicit srv_lookup(asio::any_io_executor const& ex);
    srv_lookup(srv_lookup const&) = delete;
    srv_lookup& operator=(srv_lookup const&) = delete;
    ~srv_lookup();

    /// `name` is "_mqtt._tcp.example.org". Fails with errc::no_service, errc::lookup_failed, or invalid_argument for name servers that
    /// are no addresses. Never calls `done` inside this call. Once only.
    void start(std::string const& name, std::vector<std::string> const& name_servers, answer_handler done);

private:
    struct query;
    std::shared_ptr<query> query_;
};

// ---- Implementation -----------------------------------------------------------------------------------------------------------------

template <class Draw>
void order_by_priority(std::vector<srv_record>& records, Draw draw) {
    // Those of weight 0 first within a priority, so that they can be drawn at all (RFC 2782, "Weight").
    std::stable_sort(records.begin(), records.end(), [](srv_record const& a, srv_record const& b) {
        return a.priority != b.priority ? a.priority < b.priority : (a.weight == 0) > (b.weight == 0);
    });
    for (auto first = records.begin(); first != records.end(); ++first) {
        std::uint32_t total = 0;
        auto          last = first;
        for (; last != records.end() && last->priority == first->priority; ++last) total += last->weight;
        std::uint32_t const drawn = draw(total);
        std::uint32_t       sum = 0;
        auto                chosen = first;
        while ((sum += chosen->weight) < drawn) ++chosen;
        std::rotate(first, chosen, chosen + 1);
    }
}

} // namespace aldis::transport
