// Finding a key, and the one that was meant.
#include "keys.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace aldis::app::config {
namespace {

constexpr std::size_t longest_name = 64;

// How many letters must be added, left out or changed to get from one to the other.
std::size_t distance(std::string_view a, std::string_view b) {
    std::array<std::size_t, longest_name + 1> row{};
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        auto diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            auto const changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({changed, row[j] + 1, row[j - 1] + 1});
        }
    }
    return row[b.size()];
}

} // namespace

key_row const* find_key(std::string_view name) noexcept {
    for (auto const& row : key_rows())
        if (row.name == name || (row.is_prefix() && name.size() > row.name.size() && name.starts_with(row.name))) return &row;
    return nullptr;
}

std::string_view nearest_key(std::string_view name) {
    if (name.size() > longest_name) return {};
    std::string_view best;
    auto             least = std::max<std::size_t>(name.size() / 3, 1) + 1;
    for (auto const& row : key_rows()) {
        if (row.is_prefix() || row.name.size() > longest_name) continue;
        auto const longer = std::max(name.size(), row.name.size());
        if (longer - std::min(name.size(), row.name.size()) >= least) continue;
        auto const far = distance(name, row.name);
        if (far < least) {
            least = far;
            best = row.name;
        }
    }
    return best;
}

} // namespace aldis::app::config
