// The values of filter options: taken apart, checked once, refused with what would do.
#include "filter_settings.hpp"

#include <cctype>
#include <charconv>
#include <cstddef>
#include <limits>

#include <boost/asio/ip/address.hpp>

#include <aldis/codec/topic.hpp>
#include <aldis/codec/types.hpp>

#include "dump/options.hpp"

namespace aldis::app::dump {
namespace {

constexpr std::size_t most_values = 1000;                          // of one filter: each packet is held against all of them

[[noreturn]] void fail(std::string text) { throw settings_error{std::move(text)}; }

void check_room(std::size_t count, std::string_view option) {
    if (count >= most_values) fail(std::string{option} + " is given more than " + std::to_string(most_values) + " values; use wildcards, or several runs");
}

/// Calls `take` with each part of a list with commas.
template <class Take>
void each_part(std::string const& list, std::string_view option, Take take) {
    std::string_view rest{list};
    while (true) {
        auto const cut = rest.find(',');
        auto const part = rest.substr(0, cut);
        if (part.empty()) fail(std::string{option} + " has an empty value in '" + list + "'; values stand between commas, as in a,b");
        take(part);
        if (cut == std::string_view::npos) return;
        rest.remove_prefix(cut + 1);
    }
}

template <class Number>
Number number(std::string_view text, std::string_view option, Number most) {
    Number value{};
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value > most)
        fail(std::string{option} + " takes numbers from 0 to " + std::to_string(most) + ", not '" + std::string{text} + "'");
    return value;
}

template <class Number>
void add_numbers(std::set<Number>& to, std::string const& list, std::string_view option, Number most) {
    each_part(list, option, [&](std::string_view part) {
        check_room(to.size(), option);
        to.insert(number<Number>(part, option, most));
    });
}

std::string lower_case(std::string_view text) {
    std::string out{text};
    for (auto& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return out;
}

unsigned type_of(std::string_view word) {
    std::string possible;
    for (unsigned type = 1; type <= static_cast<unsigned>(packet_type::auth); ++type) {
        auto const name = lower_case(name_of(static_cast<packet_type>(type)));
        if (lower_case(word) == name) return type;
        possible += (possible.empty() ? "" : ", ") + name;
    }
    fail("--type: unknown '" + std::string{word} + "', possible: " + possible);
}

} // namespace

void add_topic(filter_settings& to, std::string const& text) {
    check_room(to.topics.size(), "--topic");
    auto const shared = split_shared(text);
    if (!is_topic_filter(text))
        fail("--topic: '" + text + "' is no topic filter; + and # stand alone between slashes, # only at the end: sensors/+/temperature, sensors/#");
    to.topics.push_back(shared ? std::string{shared->filter} : text);
}

void add_client(filter_settings& to, std::string const& text) {
    check_room(to.clients.size(), "--client");
    if (text.empty()) fail("--client needs a client identifier or a pattern, as in sensor-*");
    to.clients.push_back(text);
}

void add_host(filter_settings& to, std::string const& text) {
    check_room(to.hosts.size(), "--host");
    boost::system::error_code error;
    bool const                bracketed = text.size() > 2 && text.front() == '[' && text.back() == ']';
    auto const                address = boost::asio::ip::make_address(bracketed ? text.substr(1, text.size() - 2) : text, error);
    if (error) fail("--host takes an address, as captures hold no names: 192.0.2.7 or 2001:db8::7, not '" + text + "'");
    to.hosts.push_back(address.to_string());
}

void add_types(filter_settings& to, std::string const& list) {
    each_part(list, "--type", [&](std::string_view part) { to.types.insert(type_of(part)); });
}

void add_qos(filter_settings& to, std::string const& list) { add_numbers(to.qos, list, "--qos", 2U); }
void add_streams(filter_settings& to, std::string const& list) { add_numbers(to.streams, list, "--stream", std::numeric_limits<std::uint32_t>::max()); }
void add_ports(filter_settings& to, std::string const& list) { add_numbers(to.ports, list, "--port", std::numeric_limits<std::uint16_t>::max()); }

bool is_like(std::string_view pattern, std::string_view text) noexcept {
    std::size_t p = 0, t = 0, star = std::string_view::npos, resume = 0;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') star = p++, resume = t;
        else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) ++p, ++t;
        else if (star != std::string_view::npos) p = star + 1, t = ++resume;
        else return false;
    }
    while (p < pattern.size() && pattern[p] == '*') ++p;
    return p == pattern.size();
}

} // namespace aldis::app::dump
