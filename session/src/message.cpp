// One immutable block for each application message: topic, properties and payload in a row.
#include <aldis/session/message.hpp>

#include <cstring>
#include <new>

#include <aldis/codec/topic.hpp>

namespace aldis::session {

namespace {

/// Differs from delivery to delivery, so it is not part of the block.
bool is_per_delivery(property_id id) noexcept {
    return id == property_id::message_expiry_interval || id == property_id::topic_alias || id == property_id::subscription_identifier;
}

bool has_per_delivery(properties const& props) noexcept {
    for (auto const& p : props)
        if (is_per_delivery(p.id)) return true;
    return false;
}

property_list without_per_delivery(properties const& props) {
    property_list kept;
    for (auto const& p : props)
        if (!is_per_delivery(p.id)) kept.add(p);
    return kept;
}

} // namespace

codec::result<message> message::make(std::string_view topic, properties const& props, bytes_view payload) {
    if (auto const wrong = codec::check_topic_name(topic)) return codec::fault{*wrong};                  // [MQTT-3.3.2-2] [MQTT-4.7.1-1]
    if (auto const wrong = props.flaw()) return codec::fault{*wrong};
    if ((props.fits() & in(packet_type::publish)) == 0) return codec::fault{codec::errc::property_misplaced};

    property_list kept;
    auto stored = props;
    if (has_per_delivery(props)) {
        kept = without_per_delivery(props);
        stored = kept.view();
    }
    auto const wire = stored.wire();

    // The views stand at the front of the block they point into; bytes are never moved, so neither are they.
    struct alignas(content) unit { std::byte bytes[alignof(content)]; };
    auto const size = sizeof(content) + topic.size() + wire.size() + payload.size();
    auto block = std::make_shared_for_overwrite<unit[]>((size + sizeof(unit) - 1) / sizeof(unit));
    std::byte* const bytes = reinterpret_cast<std::byte*>(block.get()) + sizeof(content);
    std::memcpy(bytes, topic.data(), topic.size());
    if (!wire.empty()) std::memcpy(bytes + topic.size(), wire.data(), wire.size());
    if (!payload.empty()) std::memcpy(bytes + topic.size() + wire.size(), payload.data(), payload.size());
    auto const* const at = ::new (static_cast<void*>(block.get())) content{
        {reinterpret_cast<char const*>(bytes), topic.size()},
        stored.over({bytes + topic.size(), wire.size()}),
        {bytes + topic.size() + wire.size(), payload.size()},
    };
    message made;
    made.content_ = std::shared_ptr<content const>(std::move(block), at);
    return made;
}

struct message::held_content {
    content                     views{};
    property_list               props{};
    std::shared_ptr<void const> block{};
};

message message::adopt(packet::publish const& p, std::shared_ptr<void const> block) {
    auto held = std::make_shared<held_content>();
    held->block = std::move(block);
    held->views = {p.topic, p.props, p.payload};
    if (has_per_delivery(p.props)) {
        held->props = without_per_delivery(p.props);
        held->views.props = held->props.view();
    }
    message made;
    made.content_ = std::shared_ptr<content const>(held, &held->views);
    return made;
}

std::size_t message::size() const noexcept {
    if (!content_) return 0;
    return sizeof(content) + topic().size() + props().wire().size() + payload().size();
}

} // namespace aldis::session
