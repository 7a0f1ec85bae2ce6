// Topic names and filters: what is wrong with one, and which names a filter matches (4.7, 4.8.2).
#include <aldis/codec/topic.hpp>

#include <aldis/codec/utf8.hpp>

#include "fields.hpp"
#include "swar.hpp"

namespace aldis {
namespace codec {
namespace {

constexpr std::size_t max_text = 0xFFFF;

/// True for a text of ASCII characters without NUL, `+` and `#`: nearly every topic there is, and valid as name and as filter.
bool is_plain(std::string_view topic) noexcept {
    auto const* at = topic.data();
    auto left = topic.size();
    if (left >= 8) {
        for (; left > 8; at += 8, left -= 8)
            if (!is_plain_topic(load_word(at))) return false;
        return is_plain_topic(load_word(at + left - 8));           // the last eight, some of them for the second time
    }
    char padded[8] = {'x', 'x', 'x', 'x', 'x', 'x', 'x', 'x'};
    for (std::size_t i = 0; i < left; ++i) padded[i] = at[i];
    return is_plain_topic(load_word(padded));
}

/// True when every `+` and `#` stands alone in its level and `#` in the last.
bool wildcards_well_placed(std::string_view filter) noexcept {
    for (std::size_t at = 0; at < filter.size(); ++at) {
        char const c = filter[at];
        if (c != '+' && c != '#') continue;
        if (at > 0 && filter[at - 1] != '/') return false;         // [MQTT-4.7.1-1] [MQTT-4.7.1-2] [v3-MQTT-4.7.1-2] [v3-MQTT-4.7.1-3]
        bool const last = at + 1 == filter.size();
        if (c == '#' && !last) return false;                       // [MQTT-4.7.1-1] [v3-MQTT-4.7.1-2]
        if (c == '+' && !last && filter[at + 1] != '/') return false;   // [MQTT-4.7.1-2] [v3-MQTT-4.7.1-3]
    }
    return true;
}

/// `$share/NAME/FILTER` taken apart, without a look at FILTER's wildcards.
std::optional<shared_filter> split(std::string_view filter) noexcept {
    if (!is_shared(filter)) return std::nullopt;                   // [MQTT-4.8.2-1]
    filter.remove_prefix(std::string_view{"$share/"}.size());
    auto const slash = filter.find('/');                           // [MQTT-4.8.2-2]
    if (slash == 0 || slash == filter.npos || slash + 1 == filter.size()) return std::nullopt;
    auto const name = filter.substr(0, slash);
    if (name.find_first_of("+#") != name.npos) return std::nullopt;   // [MQTT-4.8.2-2]
    return shared_filter{name, filter.substr(slash + 1)};
}

/// What is wrong with text that stands where a topic stands, as text.
std::optional<errc> check_characters(std::string_view text) noexcept {
    auto const stop = find_invalid_text(text);
    if (stop != text.size()) return text_error(text, stop);        // [MQTT-4.7.3-2] [v3-MQTT-4.7.3-2]
    return std::nullopt;
}

/// What is wrong with `filter`, which is not empty and valid text, in the way it uses wildcards and `$share/`.
std::optional<errc> check_form(std::string_view filter, protocol version) noexcept {
    if (is_v5(version) && is_shared(filter)) {
        auto const shared = split(filter);
        if (!shared) return errc::share_name_invalid;              // [MQTT-4.8.2-1] [MQTT-4.8.2-2]
        filter = shared->filter;
    }
    if (!wildcards_well_placed(filter)) return errc::filter_invalid;
    return std::nullopt;
}

} // namespace

std::optional<errc> check_topic_name(std::string_view topic) noexcept {
    if (topic.empty()) return errc::topic_empty;                   // [MQTT-4.7.3-1] [v3-MQTT-4.7.3-1]
    if (topic.size() > max_text) return errc::text_too_long;       // [MQTT-4.7.3-3] [v3-MQTT-4.7.3-3]
    if (is_plain(topic)) return std::nullopt;
    if (auto const wrong = check_characters(topic)) return wrong;
    if (topic.find_first_of("+#") != topic.npos) return errc::topic_wildcard;   // [MQTT-3.3.2-2] [v3-MQTT-3.3.2-2] [v3-MQTT-4.7.1-1]
    return std::nullopt;
}

std::optional<errc> check_topic_filter(std::string_view filter, protocol version) noexcept {
    if (filter.empty()) return errc::filter_empty;                 // [MQTT-4.7.3-1] [v3-MQTT-4.7.3-1]
    if (filter.size() > max_text) return errc::text_too_long;      // [MQTT-4.7.3-3] [v3-MQTT-4.7.3-3]
    if (!is_plain(filter))
        if (auto const wrong = check_characters(filter)) return wrong;
    return check_form(filter, version);
}

std::string_view read_topic_name(reader& r) noexcept {
    auto const topic = to_text(r.binary());
    if (is_plain(topic)) [[likely]] return topic;
    auto const at = to_bytes(topic).data();
    if (auto const stop = find_invalid_text(topic); stop != topic.size()) r.fail(text_error(topic, stop), at + stop);   // [MQTT-3.3.2-1]
    else if (auto const wild = topic.find_first_of("+#"); wild != topic.npos) r.fail(errc::topic_wildcard, at + wild);   // [MQTT-3.3.2-2]
    return topic;
}

std::string_view read_topic_filter(reader& r, protocol version) noexcept {
    auto const at = r.here();
    auto const filter = to_text(r.binary());
    if (is_plain(filter) && !filter.empty() && filter[0] != '$') [[likely]] return filter;
    if (r.failed()) return filter;
    if (auto const stop = find_invalid_text(filter); stop != filter.size())
        r.fail(text_error(filter, stop), at + 2 + stop);           // [MQTT-3.8.3-1] [MQTT-3.10.3-1] [v3-MQTT-3.8.3-1] [v3-MQTT-3.10.3-1]
    else if (auto const wrong = filter.empty() ? errc::filter_empty : check_form(filter, version)) r.fail(*wrong, at);
    return filter;
}

} // namespace codec

bool is_topic_name(std::string_view topic) noexcept { return !codec::check_topic_name(topic); }

bool is_topic_filter(std::string_view filter) noexcept { return !codec::check_topic_filter(filter); }

std::optional<shared_filter> split_shared(std::string_view filter) noexcept {
    if (!is_shared(filter) || !is_topic_filter(filter)) return std::nullopt;
    return codec::split(filter);
}

bool has_wildcard(std::string_view filter) noexcept { return filter.find_first_of("+#") != filter.npos; }

bool topic_matches(std::string_view filter, std::string_view topic) noexcept {
    if (filter.empty() || topic.empty()) return false;             // [MQTT-4.7.3-1] [v3-MQTT-4.7.3-1]
    if (topic[0] == '$' && (filter[0] == '+' || filter[0] == '#')) return false;   // [MQTT-4.7.2-1] [v3-MQTT-4.7.2-1]

    // Each turn compares one level; both positions then stand at its end.
    for (std::size_t f = 0, t = 0;; ++f, ++t) {
        char const first = f < filter.size() ? filter[f] : '/';
        if (first == '#') return true;
        if (first == '+') {
            ++f;
            while (t < topic.size() && topic[t] != '/') ++t;
        } else {
            for (; f < filter.size() && filter[f] != '/'; ++f, ++t)   // nothing is normalised [MQTT-4.7.3-4] [v3-MQTT-4.7.3-4]
                if (t == topic.size() || topic[t] != filter[f]) return false;
            if (t < topic.size() && topic[t] != '/') return false;
        }
        if (f == filter.size()) return t == topic.size();
        if (t == topic.size()) return filter.substr(f) == "/#";    // `#` stands for the parent level, too
    }
}

} // namespace aldis
