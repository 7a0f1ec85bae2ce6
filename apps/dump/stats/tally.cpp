// Sums by name.
#include "tally.hpp"

#include <algorithm>

#include <aldis/dissect/text.hpp>

namespace aldis::app::dump {
void tally::add(tally const& other) {
    packets += other.packets;
    bytes += other.bytes;
    payload += other.payload;
    retained += other.retained;
    latency.add(other.latency);
}

tally& tally_table::of(std::string_view name) {
    std::string key{name.substr(0, dissect::whole_characters(name, longest))};
    auto const  found = rows_.find(key);
    if (found != rows_.end()) return found->second;
    if (rows_.size() >= most_) shrink();
    return rows_[std::move(key)];
}

void tally_table::shrink() {
    auto const  rows = sorted();
    auto const  keep = rows.size() / 2;
    std::vector<std::string> gone;
    for (std::size_t i = keep; i < rows.size(); ++i) {
        other_.add(*rows[i].second);
        gone.emplace_back(rows[i].first);
    }
    for (auto const& name : gone) rows_.erase(name);
}

std::vector<std::pair<std::string_view, tally const*>> tally_table::sorted() const {
    std::vector<std::pair<std::string_view, tally const*>> out;
    out.reserve(rows_.size());
    for (auto const& [name, row] : rows_) out.emplace_back(name, &row);
    std::sort(out.begin(), out.end(), [](auto const& a, auto const& b) {
        return a.second->packets != b.second->packets ? a.second->packets > b.second->packets : a.first < b.first;
    });
    return out;
}

} // namespace aldis::app::dump
