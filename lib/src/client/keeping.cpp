// Subscriptions that outlive the process: what the store is told of them, and what it brings back.
#include <algorithm>

#include <aldis/codec/topic.hpp>

#include "impl.hpp"
#include "routing.hpp"

namespace aldis {

namespace {

// The byte that follows the filter in SUBSCRIBE (3.8.3.1).
constexpr unsigned no_local_bit = 0x04, as_published_bit = 0x08;

std::uint8_t packed(subscription_options const& how) noexcept {
    auto const flags = (how.no_local() ? no_local_bit : 0U) | (how.retain_as_published() ? as_published_bit : 0U);
    return static_cast<std::uint8_t>(static_cast<unsigned>(how.qos()) | flags | static_cast<unsigned>(how.retained()) << 4U);
}

subscription_options unpacked(std::uint8_t options) noexcept {
    return subscription_options(static_cast<qos_level>(options & 3U))
        .no_local((options & no_local_bit) != 0)
        .retain_as_published((options & as_published_bit) != 0)
        .retained(static_cast<retain_handling>(options >> 4U & 3U));
}

bool is_sound(kept_subscription const& what) {
    return (what.options & 3U) < 3 && what.options >> 4U < 3 && what.identifier <= router::highest_id && !codec::check_topic_filter(what.filter);
}

} // namespace

void router::keep(entry& what) {
    bool const is_wanted = what.is_restored || std::any_of(what.routes.begin(), what.routes.end(), [](shared_route const& each) { return each->how.kept(); });
    if (!is_wanted) return drop(what);
    if (of_.keep_subscription({what.filter, packed(what.how), what.has_id ? what.id : 0})) what.is_kept = true;
}

void router::drop(entry& what) {
    if (std::exchange(what.is_kept, false)) of_.drop_subscription(what.filter);
}

void router::restore(std::vector<kept_subscription> const& kept) {
    std::vector<kept_subscription const*> without_id;
    auto const add = [this](kept_subscription const& each, std::uint32_t id) {
        auto& made = add_entry(each.filter, id);
        made.how = unpacked(each.options);
        made.at = standing::active;
        made.was_sent = made.is_restored = made.is_kept = true;
        made.has_id = each.identifier != 0;
    };
    for (auto const& each : kept) {
        bool const is_new = is_sound(each) && !entries_.contains(each.filter);
        if (!is_new) continue;
        if (each.identifier != 0 && !by_id_.contains(each.identifier)) add(each, each.identifier);
        else without_id.push_back(&each);
    }
    for (auto const* const each : without_id) {
        add({each->filter, each->options, 0}, new_id());
    }
}

std::vector<std::string> router::restored() const {
    std::vector<std::string> all;
    for (auto const& each : entries_)
        if (each.second->is_restored) all.push_back(each.first);
    std::sort(all.begin(), all.end());
    return all;
}

void router::drop_restored(unsubscribe_list const& from) {
    for (auto const filter : from.filters()) {
        auto const at = entries_.find(std::string(filter));
        if (at == entries_.end() || !at->second->is_restored) continue;
        drop(*at->second);
        forget(*at->second);
    }
}

} // namespace aldis
