// Sums by name, and percentiles.
#include "tally.hpp"

#include <algorithm>
#include <bit>

#include <aldis/dissect/text.hpp>

namespace aldis::app::dump {
namespace {

// Below 8 each duration has its bucket; above, each power of two has eight.
constexpr std::size_t bucket_of(std::uint64_t value) noexcept {
    if (value < 8) return static_cast<std::size_t>(value);
    auto const shift = static_cast<std::size_t>(std::bit_width(value)) - 4;
    return (shift + 1) * 8 + static_cast<std::size_t>(value >> shift & 7);
}

constexpr std::uint64_t middle_of(std::size_t bucket) noexcept {
    if (bucket < 8) return bucket;
    auto const shift = bucket / 8 - 1;
    return ((std::uint64_t{8} + bucket % 8) << shift) + ((std::uint64_t{1} << shift) >> 1);
}

} // namespace

void latency_histogram::add(std::int64_t nanoseconds) noexcept {
    auto const value = std::max<std::int64_t>(nanoseconds, 0);
    ++buckets_[std::min(bucket_of(static_cast<std::uint64_t>(value)), buckets_.size() - 1)];
    ++count_;
    most_ = std::max(most_, value);
}

void latency_histogram::add(latency_histogram const& other) noexcept {
    for (std::size_t i = 0; i < buckets_.size(); ++i) buckets_[i] += other.buckets_[i];
    count_ += other.count_;
    most_ = std::max(most_, other.most_);
}

std::int64_t latency_histogram::at(unsigned percent) const noexcept {
    if (count_ == 0) return 0;
    auto const    rank = (count_ * percent + 99) / 100;            // the first has rank 1
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < buckets_.size(); ++i) {
        seen += buckets_[i];
        if (seen >= rank) return std::min(static_cast<std::int64_t>(middle_of(i)), most_);
    }
    return most_;
}

void tally::add(tally const& other) noexcept {
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
    moved_ += gone.size();
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
