// Messages that arrived, and how a view of one is made to last.
#include <aldis/received_message.hpp>

#include <cstring>
#include <string>
#include <utility>

#include <aldis/session/engine.hpp>

namespace aldis {
namespace {

/// Up to this size copying is cheaper than keeping a whole receive buffer for one message.
constexpr std::size_t small = 1024;

std::size_t bytes_of(packet::publish const& p) noexcept { return p.topic.size() + p.props.wire().size() + p.payload.size(); }

/// A topic that came by alias is not in the receive buffer.
struct held_message {
    std::shared_ptr<void const> block{};
    std::string                 topic{};
};

} // namespace

received_message::received_message(received_message const& other)
    : seen_(other.seen_), arrival_(other.arrival_), taker_(other.taker_), from_(other.from_), kept_(other.kept_),
      matched_(other.matched_) {
    if (from_) keep();
}
received_message::received_message(received_message&& other) noexcept = default;
received_message& received_message::operator=(received_message const& other) {
    if (this != &other) *this = received_message(other);
    return *this;
}
received_message& received_message::operator=(received_message&& other) noexcept = default;

void received_message::keep() {
    auto const* const from = std::exchange(from_, nullptr);
    auto const wire = seen_.props.wire();
    if (auto const size = bytes_of(seen_); size <= small) {
        auto block = std::make_shared_for_overwrite<std::byte[]>(size + 1);
        auto* to = block.get();
        auto const put = [&to](void const* bytes, std::size_t n) {
            if (n > 0) std::memcpy(to, bytes, n);
            return std::exchange(to, to + n);
        };
        seen_.topic = {reinterpret_cast<char const*>(put(seen_.topic.data(), seen_.topic.size())), seen_.topic.size()};
        seen_.props = seen_.props.over({put(wire.data(), wire.size()), wire.size()});
        seen_.payload = {put(seen_.payload.data(), seen_.payload.size()), seen_.payload.size()};
        kept_ = std::move(block);
        return;
    }
    if (!seen_.props.has(property_id::topic_alias)) {
        kept_ = from->hold();
        return;
    }
    auto held = std::make_shared<held_message>(held_message{from->hold(), std::string(seen_.topic)});
    seen_.topic = held->topic;
    kept_ = std::move(held);
}

std::string_view received_message::content_type() const noexcept {
    return seen_.props.get<property_id::content_type>().value_or(std::string_view{});
}
std::string_view received_message::response_topic() const noexcept {
    return seen_.props.get<property_id::response_topic>().value_or(std::string_view{});
}
bytes_view received_message::correlation_data() const noexcept {
    return seen_.props.get<property_id::correlation_data>().value_or(bytes_view{});
}

std::vector<std::uint32_t> received_message::subscription_identifiers() const {
    std::vector<std::uint32_t> all;
    for (auto const& each : seen_.props)
        if (each.id == property_id::subscription_identifier) all.push_back(each.number);
    return all;
}

std::vector<std::string> const& received_message::matched() const noexcept {
    static std::vector<std::string> const none;
    return matched_ ? *matched_ : none;
}
void received_message::routed(std::uint32_t taker, std::shared_ptr<std::vector<std::string> const> matched) noexcept {
    taker_ = taker;
    matched_ = std::move(matched);
}

std::size_t received_message::size() const noexcept { return sizeof(received_message) + bytes_of(seen_); }

} // namespace aldis
