// `-D command property value...`: the property table of the codec, walked by name.
#include "properties.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <aldis/codec/bytes.hpp>
#include <aldis/codec/utf8.hpp>

#include "values.hpp"

namespace aldis::app {
namespace {

struct target_row {
    std::string_view name;
    property_target  target;
    places           place;
};

constexpr std::array targets{
    target_row{"connect", property_target::connect, in(packet_type::connect)},
    target_row{"publish", property_target::publish, in(packet_type::publish)},
    target_row{"subscribe", property_target::subscribe, in(packet_type::subscribe)},
    target_row{"unsubscribe", property_target::unsubscribe, in(packet_type::unsubscribe)},
    target_row{"disconnect", property_target::disconnect, in(packet_type::disconnect)},
    target_row{"will", property_target::will, in_will},
};

// Packets that a person may name, but that neither tool sends with properties of its own.
constexpr std::array other_commands{"puback", "pubrec", "pubrel", "pubcomp", "auth"};

[[noreturn]] void fail(std::string text) { throw usage_error{std::move(text)}; }

bool same_word(std::string_view a, std::string_view b) noexcept {
    auto const lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

std::vector<std::string_view> split_words(std::string_view joined) {
    std::vector<std::string_view> words;
    for (std::size_t from = 0; from <= joined.size();) {
        auto const end = std::min(joined.find('\0', from), joined.size());
        words.push_back(joined.substr(from, end - from));
        from = end + 1;
    }
    return words;
}

bool is_sendable(codec::property_spec const& row, places place) noexcept {
    return (row.allowed & place) != 0 && (row.server_only & place) == 0;
}

std::string names_for(places place) {
    std::string names;
    for (auto const& row : codec::property_specs)
        if (is_sendable(row, place)) names += (names.empty() ? "" : ", ") + command_line_name(row.id);
    return names;
}

target_row const& find_target(std::string_view command, std::string_view name) {
    for (auto const& row : targets)
        if (same_word(row.name, command)) return row;
    for (std::string_view const other : other_commands)
        if (same_word(other, command)) fail(fmt::format("{} property not supported for {} in --property argument.", name, command));
    fail(fmt::format("Invalid command given in --property argument: '{}', "
                     "it must be connect, publish, subscribe, unsubscribe, disconnect or will.", command));
}

codec::property_spec const& find_property_row(std::string_view name, places place) {
    for (auto const& row : codec::property_specs)
        if (command_line_name(row.id) == name) return row;
    fail(fmt::format("Invalid property name given in --property argument: '{}', possible here: {}.", name, names_for(place)));
}

void check_value_text(std::string_view value, std::string_view name) {
    if (!codec::is_mqtt_text(value)) fail(fmt::format("Malformed UTF-8 in the value of property {}.", name));
    if (value.size() > 0xFFFF) fail(fmt::format("Value of property {} too long, it must be at most 65535 bytes.", name));
}

property make_property(codec::property_spec const& row, std::vector<std::string_view> const& words) {
    using codec::wire_type;
    auto const name = words[1];
    property made{};
    made.id = row.id;
    if (row.type == wire_type::text_pair) {
        check_value_text(words[2], name);
        check_value_text(words[3], name);
        made.pair = {words[2], words[3]};
    } else if (row.type == wire_type::text) {
        check_value_text(words[2], name);
        made.text = words[2];
    } else if (row.type == wire_type::binary) {
        if (words[2].size() > 0xFFFF) fail(fmt::format("Value of property {} too long, it must be at most 65535 bytes.", name));
        made.binary = to_bytes(words[2]);
    } else {
        auto const number = to_number<std::uint32_t>(words[2], row.min, row.max);
        if (!number)
            fail(fmt::format("Property value ({}) out of range for property {}, it must be a number from {} to {}.", words[2], name, row.min,
                             row.max));
        made.number = *number;
    }
    return made;
}

} // namespace

std::string command_line_name(property_id id) {
    std::string name{codec::spec_of(id).name};
    for (char& c : name) {
        if (c == ' ') c = '-';
        else if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return name;
}

std::string join_words(std::vector<std::string_view> const& words) {
    std::string joined;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (i != 0) joined += '\0';
        joined += words[i];
    }
    return joined;
}

std::size_t words_of_property(std::vector<std::string_view> const& words) noexcept {
    return words.size() >= 2 && words[1] == "user-property" ? 4 : 3;
}

void add_property(options& given, std::string_view joined) {
    auto const words = split_words(joined);
    if (words.size() < words_of_property(words))
        fail("--property argument given but not enough arguments specified: command, property and value (user-property: name and value).");
    auto const& target = find_target(words[0], words[1]);
    auto const& row = find_property_row(words[1], target.place);
    if (!is_sendable(row, target.place))
        fail(fmt::format("{} property not allowed for {} in --property argument, possible: {}.", words[1], target.name,
                         names_for(target.place)));
    auto& list = given.properties_of(target.target);
    if ((row.repeats & target.place) == 0 && list.view().has(row.id))
        fail(fmt::format("Error in {} properties: Duplicate property in property list: {}.", target.name, words[1]));
    list.add(make_property(row, words));
    given.connection.version = protocol_choice::v5;
}

} // namespace aldis::app
