// The gather queue behind pending() and sent().
#include "output.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace aldis::session {

namespace {

/// Below this a copy is cheaper than a gather element.
constexpr std::size_t copy_up_to = 1024;

/// One write takes no more elements (Asio passes 64 to the system).
constexpr std::size_t most_views = 64;

/// A buffer that grew beyond this is given back once a batch needs less than a quarter of it; not before, or each burst would pay for its
/// growth again.
constexpr std::size_t keep_up_to = 256U << 10U;

} // namespace

void output::append_payload(bytes_view payload, std::shared_ptr<void const> const& owner) {
    if (payload.size() <= copy_up_to) {
        filling_.run.insert(filling_.run.end(), payload.begin(), payload.end());
        return;
    }
    filling_.pieces.push_back({filling_.run.size(), payload, owner});
    filling_.referred += payload.size();
}

void output::rewind(mark to) noexcept {
    while (filling_.pieces.size() > to.pieces) {
        filling_.referred -= filling_.pieces.back().bytes.size();
        filling_.pieces.pop_back();
    }
    filling_.run.resize(to.run);
}

void output::freeze() {
    std::swap(filling_, frozen_);
    frozen_left_ = frozen_.run.size() + frozen_.referred;
    views_.clear();
    first_ = 0;
    bytes_view const run{frozen_.run};
    std::size_t done = 0;
    for (auto const& p : frozen_.pieces) {
        views_.push_back(run.subspan(done, p.at - done));          // never empty: a payload follows its head
        views_.push_back(p.bytes);
        done = p.at;
    }
    if (run.size() > done) views_.push_back(run.subspan(done));
}

std::span<bytes_view const> output::pending() {
    if (!frozen() && filling() > 0) freeze();
    return std::span<bytes_view const>{views_}.subspan(first_, std::min(views_.size() - first_, most_views));
}

void output::sent(std::size_t n) noexcept {
    assert(n <= frozen_left_);
    frozen_left_ -= n;
    while (n > 0 && n >= views_[first_].size()) n -= views_[first_++].size();
    if (n > 0) views_[first_] = views_[first_].subspan(n);
    if (frozen_left_ > 0) return;
    views_.clear();
    first_ = 0;
    frozen_.pieces.clear();
    frozen_.referred = 0;
    auto const used = frozen_.run.size();
    frozen_.run.clear();
    if (frozen_.run.capacity() > std::max(keep_up_to, 4 * used)) byte_buffer{}.swap(frozen_.run);
}

void output::drop_filling() noexcept { rewind({0, 0}); }

} // namespace aldis::session
