// Handlers of filters: a list that is replaced, never changed.
#include "handlers.hpp"

#include <algorithm>

#include <aldis/codec/topic.hpp>

namespace aldis::blocking {

namespace {

auto is_for(std::string_view filter) {
    return [filter](std::shared_ptr<routes::route const> const& each) { return each->filter == filter; };
}

} // namespace

void routes::add(std::string filter, blocking_client::message_handler handler) {
    auto const            shared = split_shared(filter);
    std::string           pattern(shared ? shared->filter : std::string_view(filter));
    auto const            made = std::make_shared<route const>(route{std::move(filter), std::move(pattern), std::move(handler)});
    std::lock_guard const lock(mutex_);
    auto                  changed = std::make_shared<list>(*held_);
    auto const            at = std::ranges::find_if(*changed, is_for(made->filter));
    if (at != changed->end()) *at = made;
    else changed->push_back(made);
    held_ = std::move(changed);
}

void routes::remove(std::string_view filter) {
    std::lock_guard const lock(mutex_);
    auto                  changed = std::make_shared<list>(*held_);
    std::erase_if(*changed, is_for(filter));
    held_ = std::move(changed);
}

void routes::clear() {
    std::lock_guard const lock(mutex_);
    held_ = std::make_shared<list const>();
}

std::shared_ptr<routes::list const> routes::all() const {
    std::lock_guard const lock(mutex_);
    return held_;
}

void handlers::clear() {
    connected.set({});
    disconnected.set({});
    message.set({});
    published.set({});
    subscribed.set({});
    unsubscribed.set({});
    log.set({});
    tap.set({});
    of_filters.clear();
}

} // namespace aldis::blocking
