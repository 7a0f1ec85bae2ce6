// Connect, publish or receive, and leave: in one call.

#include <exception>

#include <aldis/blocking_client.hpp>

#include "failure.hpp"

namespace aldis {

namespace {

/// The caller runs the loop: no thread is made for a single call.
blocking_config in_the_caller(blocking_config config) { return std::move(config.mode(run_mode::caller).clean_start(true).session_expiry(std::chrono::seconds(0))); }

void leave(blocking_client& client) {
    client.disconnect();
    client.run();
}

} // namespace

void publish_once(blocking_config config, std::string_view topic, payload_view payload, publish_options const& how) {
    blocking_client client(in_the_caller(std::move(config)));
    auto const      sent = client.publish(topic, payload, how);
    client.connect();
    sent.wait();
    leave(client);
}

void publish_many(blocking_config config, std::vector<outgoing_message> const& messages) {
    constexpr std::size_t      window = 1'000;                     // far below what may be unfinished at a time
    blocking_client            client(in_the_caller(std::move(config)));
    std::vector<publish_token> sent;
    client.connect();
    for (auto const& each : messages) {
        if (sent.size() >= window) sent[sent.size() - window].wait();
        sent.push_back(client.publish(each.topic(), each.payload(), each.options()));
    }
    for (auto const& each : sent) each.wait();
    leave(client);
}

std::vector<received_message> receive_once(blocking_config config, subscribe_list to, std::size_t count, bool retained) {
    std::vector<received_message> all;
    if (count == 0) return all;
    receive_each(std::move(config), std::move(to), [&](received_message const& message) {
        if (!message.retain() || retained) all.push_back(message);
        return all.size() < count;
    });
    return all;
}

void receive_each(blocking_config config, subscribe_list to, std::function<bool(received_message const&)> handler) {
    if (!handler) blocking::raise_invalid("receive_each()", "the handler is empty");
    blocking_client client(in_the_caller(std::move(config)));
    bool               is_enough = false;
    std::exception_ptr thrown;
    client.on_message([&](received_message const& message) {
        if (is_enough) return;
        try {
            is_enough = !handler(message);
        } catch (...) {
            thrown = std::current_exception();
            is_enough = true;
        }
        if (is_enough) client.disconnect();
    });
    auto const asked = client.subscribe(std::move(to));
    client.connect();
    asked.wait();
    client.run();
    if (thrown) std::rethrow_exception(thrown);
}

} // namespace aldis
