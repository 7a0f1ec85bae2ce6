// The filters: what of a packet each looks at.
#include "filter.hpp"

#include <algorithm>
#include <string>

#include <aldis/codec/topic.hpp>

namespace aldis::app::dump {
namespace {

constexpr std::size_t most_remembered = 4096;                      // questions without answer, conversations of others

template <class Set, class Value>
bool allows(Set const& wanted, Value const& value) { return wanted.empty() || wanted.contains(value); }

bool is_answer_to_filters(record const& r) noexcept { return r.what().is(packet_type::suback) || r.what().is(packet_type::unsuback); }
bool has_filters(record const& r) noexcept { return r.what().is(packet_type::subscribe) || r.what().is(packet_type::unsubscribe); }

template <class Predicate>
bool any_node(record const& r, dissect::field id, Predicate is) {
    return std::any_of(r.tree->nodes.begin(), r.tree->nodes.end(), [&](dissect::node const& n) { return n.id == id && is(n); });
}

std::string_view plain(std::string_view name) noexcept {
    auto const shared = split_shared(name);
    return shared ? shared->filter : name;
}

} // namespace

bool filter::takes_here(conversation const& of) const noexcept {
    auto const is_end = [&](auto const& matches) { return matches(of.ends[0]) || matches(of.ends[1]); };
    auto const is_host = [this](peer const& end) { return std::find(wanted_.hosts.begin(), wanted_.hosts.end(), end.address) != wanted_.hosts.end(); };
    auto const is_port = [this](peer const& end) { return wanted_.ports.contains(end.port); };
    return allows(wanted_.streams, of.number) && (wanted_.hosts.empty() || is_end(is_host)) && (wanted_.ports.empty() || is_end(is_port));
}

bool filter::takes(conversation const& of) const noexcept { return takes_here(of) && !other_clients_.contains(of.number); }

bool filter::takes_client(record const& r) {
    if (wanted_.clients.empty()) return true;
    bool const like = std::any_of(wanted_.clients.begin(), wanted_.clients.end(), [&](auto const& pattern) { return is_like(pattern, r.client); });
    if (like) other_clients_.erase(r.of->number);
    else if (other_clients_.size() < most_remembered) other_clients_.insert(r.of->number);
    return like;
}

bool filter::is_topic(std::string_view topic) const noexcept {
    return std::any_of(wanted_.topics.begin(), wanted_.topics.end(), [&](auto const& wanted) { return topic_matches(wanted, topic); });
}

bool filter::names_topic(record const& r) const {
    using dissect::field;
    if (r.what().is(packet_type::publish)) return !r.what().topic.empty() && is_topic(r.what().topic);
    if (r.what().is(packet_type::connect)) return any_node(r, field::willtopic, [&](auto const& n) { return is_topic(r.tree->text_of(n)); });
    if (!has_filters(r)) return !r.found.topic.empty() && is_topic(r.found.topic);
    return any_node(r, field::topic, [&](auto const& n) {
        auto const text = r.tree->text_of(n);
        if (!is_topic_filter(text)) return false;                  // broken: it overlaps with nothing
        return std::any_of(wanted_.topics.begin(), wanted_.topics.end(), [&](auto const& wanted) { return filters_overlap(wanted, plain(text)); });
    });
}

// Asked by one end, answered to it: the key holds who asked, what, and its identifier.
void filter::remember(record const& r) {
    if (!r.what().id) return;
    auto const key = question{r.of->number, std::uint64_t{r.what().type} << 32 | std::uint64_t{r.from} << 16 | *r.what().id};
    if (!asked_.insert(key).second) return;
    order_.push_back(key);
    if (order_.size() <= most_remembered) return;
    asked_.erase(order_.front());
    order_.pop_front();
}

bool filter::takes_topic(record const& r) {
    if (wanted_.topics.empty()) return true;
    if (is_answer_to_filters(r)) {
        if (!r.what().id) return false;
        return asked_.contains({r.of->number, std::uint64_t{r.what().type - 1} << 32 | std::uint64_t{1 - r.from} << 16 | *r.what().id});
    }
    bool const named = names_topic(r);
    if (!has_filters(r)) return named;
    if (named) remember(r);
    else if (r.what().id) asked_.erase({r.of->number, std::uint64_t{r.what().type} << 32 | std::uint64_t{r.from} << 16 | *r.what().id});
    return named;
}

bool filter::takes_qos(record const& r) const noexcept {
    if (wanted_.qos.empty()) return true;
    if (r.what().is(packet_type::publish)) return wanted_.qos.contains(r.what().qos());
    if (r.found.qos) return wanted_.qos.contains(*r.found.qos);
    if (!r.what().is(packet_type::subscribe)) return false;
    auto const asks = [&](dissect::node const& n) { return wanted_.qos.contains(static_cast<unsigned>(n.number & 3)); };
    return any_node(r, dissect::field::sub_qos, asks) || any_node(r, dissect::field::subscription_options_qos, asks);
}

void filter::packet(record& r) {
    ++seen_;
    bool const here = takes_here(*r.of) && takes_client(r);
    bool const topic = here && takes_topic(r);                     // also where the type does not pass: it remembers questions
    if (!topic || !allows(wanted_.types, r.what().type) || !takes_qos(r)) return;
    ++passed_;
    next().packet(r);
}

void filter::finish() {
    if (seen_ != 0 && passed_ == 0) next().note({}, nullptr, "the filters take none of the " + std::to_string(seen_) + " packets");
    next().finish();
}

void filter::gap(conversation const& of, unsigned from, frame_stamp at, hole const& what) {
    if (takes(of)) next().gap(of, from, at, what);
}

void filter::end(conversation const& of, unsigned from, frame_stamp at) {
    if (takes(of)) next().end(of, from, at);
}

void filter::forget(conversation const& of) {
    other_clients_.erase(of.number);
    next().forget(of);
}

void filter::note(frame_stamp at, conversation const* of, std::string const& text) {
    if (of == nullptr || takes(*of)) next().note(at, of, text);
}

} // namespace aldis::app::dump
