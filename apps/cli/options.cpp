// Options found by name, and judged together.
#include "options.hpp"

#include <fmt/format.h>

#include <aldis/codec/topic.hpp>

#include "way.hpp"

namespace aldis::app {
namespace {

[[noreturn]] void fail(std::string text) { throw usage_error{std::move(text)}; }

// `$share/` has its meaning in MQTT 5 only, and the version is known only when all options are.
void check_shared(std::vector<std::string> const& filters, std::string_view what) {
    for (auto const& filter : filters)
        if (!is_topic_filter(filter)) fail(fmt::format("Invalid {} '{}', a shared subscription is $share/name/filter.", what, filter));
}

void check_session(options& given) {
    auto& c = given.connection;
    bool const nameless = c.client_id_prefix || !c.client_id;
    bool const v3 = c.version == protocol_choice::v3_1 || c.version == protocol_choice::v3_1_1;
    if (!c.clean_start && v3 && nameless) fail("You must provide a client id if you are using the -c option.");
    if (!c.clean_start && !c.session_expiry) c.session_expiry = never_expires;
    if (!v3 && c.session_expiry == never_expires && nameless)
        fail("You must provide a client id if you are using an infinite session expiry interval.");
    if (c.password && !c.user_name && c.version != protocol_choice::v5)
        fail("Problem setting username and/or password: before MQTT 5 a password (-P) needs a username (-u).");
}

void check_version(options const& given) {
    if (given.connection.version != protocol_choice::v3_1 && given.connection.version != protocol_choice::v3_1_1) {
        if (given.which == tool::sub) check_shared(given.topics, "subscription topic");
        check_shared(given.sub.unsubscribe, "unsubscribe topic");
        return;
    }
    for (auto const& list : given.properties)
        if (!list.empty()) fail("-D needs MQTT 5, but a later -V chose an older version: use -V 5.");
}

} // namespace

option_row const* find_option(tool which, std::string_view name) noexcept {
    for (auto const& row : option_rows())
        if (row.belongs_to(which) && !name.empty() && (name == row.short_name || name == row.long_name)) return &row;
    return nullptr;
}

void finish(options& given) {
    if (given.will.payload && !given.will.topic) fail("Will payload given, but no will topic given.");
    if (given.will.retain && !given.will.topic) fail("Will retain given, but no will topic given.");
    if (!given.properties_of(property_target::will).empty() && !given.will.topic) fail("Will properties given, but no will topic given.");
    check_session(given);
    check_version(given);
    check_way(given);
    if (given.which == tool::pub) {
        if (given.topics.empty() || given.pub.source == message_source::none)
            fail("Both topic and message must be supplied: -t topic, and one of -m, -f, -l, -n, -s.");
        if (given.pub.source == message_source::input_lines) given.pub.repeat = 1;
        return;
    }
    if (given.which == tool::rr) {
        if (given.topics.empty() || given.pub.source == message_source::none || given.response_topic.empty())
            fail("All of topic, message, and response topic must be supplied: -t topic, -e response-topic, and one of -m, -f, -n, -s.");
        for (auto const& one : given.properties_of(property_target::publish).view())
            if (one.id == property_id::response_topic) throw start_error{"Error in PUBLISH properties: Duplicate response topic, -e gives it already."};
        return;
    }
    if (given.topics.empty() && given.sub.unsubscribe.empty())
        fail("You must specify a topic to subscribe to (-t) or unsubscribe from (-U).");
    if (given.sub.no_retained && given.sub.retained_only) fail("Combining '-R' and '--retained-only' makes no sense.");
}

} // namespace aldis::app
