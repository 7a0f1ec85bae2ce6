// Access rules: lines in, and which of them hold for whom.
#include <aldis/access/acl_file.hpp>

#include <algorithm>
#include <utility>

#include <aldis/codec/topic.hpp>
#include <aldis/codec/utf8.hpp>

#include "text_file.hpp"

namespace aldis::access {
namespace {

constexpr std::size_t max_rules = 100'000;

struct word_row {
    std::string_view text;
    acl_word         word;
};
constexpr word_row words[]{
    {"read", acl_word::read},           {"write", acl_word::write}, {"readwrite", acl_word::readwrite},
    {"subscribe", acl_word::subscribe}, {"deny", acl_word::deny},
};

std::optional<acl_word> find_word(std::string_view text) noexcept {
    for (auto const& row : words)
        if (row.text == text) return row.word;
    return std::nullopt;
}

std::string_view trimmed(std::string_view text) noexcept {
    auto const first = text.find_first_not_of(" \t");
    if (first == text.npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// The word that `text` begins with, taken off it.
std::string_view next_word(std::string_view& text) noexcept {
    auto const word = text.substr(0, text.find_first_of(" \t"));
    text = trimmed(text.substr(word.size()));
    return word;
}

bool gives(acl_word rule, acl_word wanted) noexcept { return rule == wanted || rule == acl_word::readwrite; }

bool has_wildcard_in_name(std::string_view name) noexcept { return name.find_first_of("+#") != name.npos; }

/// `pattern` with the names put in; nothing when it is not for this client.
std::optional<std::string> fill(acl_rule const& pattern, std::optional<std::string_view> user, std::string_view client_id) {
    std::string out;
    for (std::string_view left = pattern.filter; !left.empty();) {
        bool const is_user = left.starts_with("%u");
        if (!is_user && !left.starts_with("%c")) {
            out += left.front();
            left.remove_prefix(1);
            continue;
        }
        if (is_user && !user) return std::nullopt;
        out += is_user ? *user : client_id;
        left.remove_prefix(2);
    }
    if (!is_topic_filter(out)) return std::nullopt;                // matches nothing that can be published
    return out;
}

} // namespace

// ---- What holds ---------------------------------------------------------------------------------------------------------------------

template <class Matches>
bool access_rules::any(Matches matches) const noexcept {
    return std::any_of(own_->begin(), own_->end(), matches) || std::any_of(from_patterns_.begin(), from_patterns_.end(), matches);
}

bool access_rules::may(std::string_view topic, acl_word wanted) const noexcept {
    if (!own_) return false;
    if (any([&](acl_rule const& rule) { return rule.what == acl_word::deny && topic_matches(rule.filter, topic); })) return false;
    return any([&](acl_rule const& rule) { return gives(rule.what, wanted) && topic_matches(rule.filter, topic); });
}

bool access_rules::may_read(std::string_view topic) const noexcept { return may(topic, acl_word::read); }
bool access_rules::may_write(std::string_view topic) const noexcept { return may(topic, acl_word::write); }

bool access_rules::may_subscribe(std::string_view filter) const noexcept {
    if (!own_) return false;
    if (auto const shared = split_shared(filter)) filter = shared->filter;   // [MQTT-4.8.2-1]
    if (any([&](acl_rule const& rule) { return rule.what == acl_word::deny && filter_covers(rule.filter, filter); })) return false;
    if (any([](acl_rule const& rule) { return rule.what == acl_word::subscribe; }))
        return any([&](acl_rule const& rule) { return rule.what == acl_word::subscribe && filter_covers(rule.filter, filter); });
    return any([&](acl_rule const& rule) { return gives(rule.what, acl_word::read) && filters_overlap(rule.filter, filter); });
}

// ---- The file -----------------------------------------------------------------------------------------------------------------------

struct acl_file::reader {
    acl_file&              into;
    std::string_view       name;
    std::shared_ptr<rules> current{};

    void line(std::string_view text, std::size_t number) {
        text = trimmed(text);
        if (text.empty() || text.starts_with('#')) return;
        auto const first = next_word(text);
        if (first == "user") return user(text, number);
        bool const is_pattern = first == "pattern";
        if (!is_pattern && first != "topic") fail_at(name, number, quoted(first) + " is none of topic, user and pattern");
        auto made = rule(text, number);
        (is_pattern ? into.patterns_ : *current).push_back(std::move(made));
        if (++into.size_ > max_rules) fail_at(name, number, "more than 100,000 rules");
    }

    void user(std::string_view text, std::size_t number) {
        if (text.empty() || !codec::is_mqtt_text(text)) fail_at(name, number, "there is no user name, or one that MQTT can not carry");
        auto& rules_of = into.of_users_[std::string(text)];
        if (!rules_of) rules_of = std::make_shared<rules>();
        current = rules_of;
    }

    acl_rule rule(std::string_view text, std::size_t number) const {
        auto       rest = text;
        auto const word = next_word(rest);
        acl_rule   out{std::string(rest)};
        if (rest.empty()) {
            out.filter = word;
        } else if (auto const found = find_word(word)) {
            out.what = *found;
        } else {
            fail_at(name, number, quoted(word) + " is none of read, write, readwrite, subscribe and deny; a topic with a space needs one before it");
        }
        if (out.filter.empty()) fail_at(name, number, "there is no topic");
        if (!is_topic_filter(out.filter)) fail_at(name, number, quoted(out.filter) + " is no valid topic filter: + and # stand alone in their level, # last");
        if (is_shared(out.filter)) fail_at(name, number, "rules are for the filter behind $share/name/; write that alone");
        return out;
    }
};

acl_file::acl_file() : of_nameless_(std::make_shared<rules>()) {}

acl_file acl_file::parse(std::string_view text, std::string_view name) {
    acl_file out;
    reader   from{out, name, out.of_nameless_};
    for_each_line(text, [&](std::string_view line, std::size_t number) { from.line(line, number); });
    return out;
}

acl_file acl_file::load(std::string const& path) { return parse(read_text_file(path), path); }

access_rules acl_file::rules_for(std::optional<std::string_view> user, std::string_view client_id) const {
    static auto const nothing = std::make_shared<rules const>();
    access_rules      out;
    if (!user) {
        out.own_ = of_nameless_;
    } else {
        auto const at = of_users_.find(std::string(*user));
        out.own_ = at == of_users_.end() ? nothing : at->second;
    }
    // Whoever is called "+" would get everybody's topics; what is taken from him may be more than meant.
    bool const is_suspicious = has_wildcard_in_name(client_id) || (user && has_wildcard_in_name(*user));
    for (auto const& each : patterns_) {
        if (is_suspicious && each.what != acl_word::deny) continue;
        if (auto filled = fill(each, user, client_id)) out.from_patterns_.push_back({std::move(*filled), each.what});
    }
    return out;
}

} // namespace aldis::access
