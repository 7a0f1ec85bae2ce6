// Topic names and filters: what is wrong with one, and which names a filter matches (4.7, 4.8.2).
#include <aldis/codec/topic.hpp>

#include <aldis/codec/utf8.hpp>

#include "fields.hpp"
#include "swar.hpp"

namespace aldis {
namespace codec {
namespace {

constexpr std::size_t max_text = 0xFFFF;

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
    if (is_plain_text(text)) [[likely]] return std::nullopt;
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
    if (!filter_scan{filter}.passes<false>()) return errc::filter_invalid;   // [MQTT-4.7.1-1] [MQTT-4.7.1-2] [v3-MQTT-4.7.1-2] [v3-MQTT-4.7.1-3]
    return std::nullopt;
}

} // namespace

std::optional<errc> check_topic_name(std::string_view topic) noexcept {
    if (topic.empty()) return errc::topic_empty;                   // [MQTT-4.7.3-1] [v3-MQTT-4.7.3-1]
    if (topic.size() > max_text) return errc::text_too_long;       // [MQTT-4.7.3-3] [v3-MQTT-4.7.3-3]
    if (is_plain_topic(topic)) [[likely]] return std::nullopt;
    if (auto const wrong = check_characters(topic)) return wrong;
    if (topic.find_first_of("+#") != topic.npos)
        return errc::topic_wildcard;                               // [MQTT-4.7.0-1] [MQTT-3.3.2-2] [v3-MQTT-3.3.2-2] [v3-MQTT-4.7.1-1]
    return std::nullopt;
}

std::optional<errc> check_topic_filter(std::string_view filter, protocol version) noexcept {
    if (filter.empty()) return errc::filter_empty;                 // [MQTT-4.7.3-1] [v3-MQTT-4.7.3-1]
    if (filter.size() > max_text) return errc::text_too_long;      // [MQTT-4.7.3-3] [v3-MQTT-4.7.3-3]
    if (auto const wrong = check_characters(filter)) return wrong;
    return check_form(filter, version);
}

std::optional<flaw_at> examine_topic_name(std::string_view topic) noexcept {
    auto const* const first = to_bytes(topic).data();
    if (auto const stop = find_invalid_text(topic); stop != topic.size()) return flaw_at{text_error(topic, stop), first + stop};
    // [MQTT-4.7.0-1] [MQTT-3.3.2-2] [v3-MQTT-3.3.2-2] [v3-MQTT-4.7.1-1]
    if (auto const wild = topic.find_first_of("+#"); wild != topic.npos) return flaw_at{errc::topic_wildcard, first + wild};
    return std::nullopt;
}

std::optional<flaw_at> examine_topic_filter(std::string_view filter, protocol version) noexcept {
    if (filter.empty()) return flaw_at{errc::filter_empty};        // [MQTT-4.7.3-1] [v3-MQTT-4.7.3-1]
    if (!is_plain_text(filter))
        if (auto const stop = find_invalid_text(filter); stop != filter.size())
            return flaw_at{text_error(filter, stop), to_bytes(filter).data() + stop};   // [MQTT-3.8.3-1] [MQTT-3.10.3-1]
                                                                   // [v3-MQTT-3.8.3-1] [v3-MQTT-3.10.3-1]
    if (auto const wrong = check_form(filter, version)) return flaw_at{*wrong};
    return std::nullopt;
}

namespace {

/// Walks the levels of a topic or filter.
class levels {
public:
    explicit levels(std::string_view text) noexcept : rest_(text) {}

    bool             is_over() const noexcept { return is_over_; }
    std::string_view level() const noexcept { return rest_.substr(0, rest_.find('/')); }
    /// The level that is left, and nothing else is.
    bool             is_only(std::string_view level) const noexcept { return !is_over_ && rest_ == level; }
    void             advance() noexcept {
        auto const slash = rest_.find('/');
        is_over_ = slash == rest_.npos;
        rest_.remove_prefix(is_over_ ? rest_.size() : slash + 1);
    }

private:
    std::string_view rest_;
    bool             is_over_ = false;
};

bool begins_with_wildcard(std::string_view filter) noexcept { return filter.starts_with('+') || filter.starts_with('#'); }

} // namespace
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

bool filters_overlap(std::string_view a, std::string_view b) noexcept {
    using namespace codec;
    // [MQTT-4.7.2-1] [v3-MQTT-4.7.2-1]
    if ((a.starts_with('$') && begins_with_wildcard(b)) || (b.starts_with('$') && begins_with_wildcard(a))) return false;

    if ((a == "+" && b == "/#") || (a == "/#" && b == "+")) return false;   // the parent of `/#` would be an empty topic [MQTT-4.7.3-1]

    levels x(a), y(b);
    for (; !x.is_over() && !y.is_over(); x.advance(), y.advance()) {
        if (x.level() == "#" || y.level() == "#") return true;
        if (x.level() != y.level() && x.level() != "+" && y.level() != "+") return false;
    }
    return (x.is_over() || x.is_only("#")) && (y.is_over() || y.is_only("#"));   // `#` stands for the parent level, too
}

bool filter_covers(std::string_view wide, std::string_view narrow) noexcept {
    using namespace codec;
    if (begins_with_wildcard(wide) && narrow.starts_with('$')) return false;   // [MQTT-4.7.2-1] [v3-MQTT-4.7.2-1]
    if ((wide == "+/#" && narrow == "#") || (wide == "/+/#" && narrow == "/#")) return true;   // there is no empty topic [MQTT-4.7.3-1]

    levels x(wide), y(narrow);
    for (; !x.is_over() && !y.is_over(); x.advance(), y.advance()) {
        if (x.level() == "#") return true;
        if (y.level() == "#" || (x.level() != "+" && x.level() != y.level())) return false;
    }
    return y.is_over() && (x.is_over() || x.is_only("#"));
}

} // namespace aldis
