// topic: validity and matching against the plainest implementation one can read off section 4.7, with levels in a vector.
#include "fuzz.hpp"

#include <string>
#include <vector>

#include <aldis/codec/topic.hpp>
#include <aldis/codec/utf8.hpp>

using namespace aldis;

namespace {

std::vector<std::string> levels_of(std::string_view text) {
    std::vector<std::string> levels(1);
    for (char const c : text) {
        if (c == '/') levels.emplace_back();
        else levels.back() += c;
    }
    return levels;
}

bool is_text(std::string_view text) { return !text.empty() && text.size() <= 65'535 && codec::is_mqtt_text(text); }

bool plain_filter(std::string_view filter) {
    if (!is_text(filter)) return false;
    auto const levels = levels_of(filter);
    for (std::size_t i = 0; i < levels.size(); ++i) {
        bool const wild = levels[i].find_first_of("+#") != std::string::npos;
        if (wild && levels[i].size() != 1) return false;
        if (levels[i] == "#" && i + 1 != levels.size()) return false;
    }
    return true;
}

bool naive_filter(std::string_view filter) {
    if (!filter.starts_with("$share/")) return plain_filter(filter);
    auto const rest = filter.substr(7);
    auto const slash = rest.find('/');
    if (slash == 0 || slash == rest.npos || !is_text(filter)) return false;
    return rest.substr(0, slash).find_first_of("+#") == rest.npos && plain_filter(rest.substr(slash + 1));
}

bool naive_name(std::string_view name) { return is_text(name) && name.find_first_of("+#") == name.npos; }

bool naive_match(std::string_view filter, std::string_view topic) {
    auto const f = levels_of(filter);
    auto const t = levels_of(topic);
    if (topic[0] == '$' && (filter[0] == '+' || filter[0] == '#')) return false;
    for (std::size_t i = 0; i < f.size(); ++i) {
        if (f[i] == "#") return true;
        if (i >= t.size()) return false;
        if (f[i] != "+" && f[i] != t[i]) return false;
        if (i + 1 == t.size() && i + 2 == f.size() && f[i + 1] == "#") return true;
    }
    return f.size() == t.size();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size == 0) return 0;
    std::size_t const      cut = std::min<std::size_t>(data[0], size - 1);
    fuzz::exact_copy const front{data + 1, cut};
    fuzz::exact_copy const back{data + 1 + cut, size - 1 - cut};
    auto const             filter = front.text();
    auto const             topic = back.text();

    fuzz::check(is_topic_filter(filter) == naive_filter(filter), "filters are valid where they should be");
    fuzz::check(is_topic_name(topic) == naive_name(topic), "names are valid where they should be");
    fuzz::check(split_shared(filter).has_value() == (is_shared(filter) && naive_filter(filter)), "a valid share can be taken apart");
    if (!is_topic_name(topic) || !is_topic_filter(filter)) return 0;
    auto const shared = split_shared(filter);
    auto const plain = shared ? shared->filter : filter;
    if (shared) fuzz::check("$share/" + std::string(shared->share_name) + "/" + std::string(plain) == filter, "a share is its parts");
    fuzz::check(topic_matches(plain, topic) == naive_match(plain, topic), "a filter matches what it should");
    return 0;
}
