// Fragments of IP datagrams, put together.
#include "segment.hpp"

#include <algorithm>
#include <cstring>

namespace aldis::app::dump {

struct fragment_store::datagram {
    ip_payload                                           head{};   // of any of its fragments
    byte_buffer                                          bytes{};
    std::vector<std::pair<std::uint32_t, std::uint32_t>> parts{};  // begin and end, in order, apart from each other
    std::uint32_t                                        size = 0; // 0: the last fragment was not seen

    bool is_of(ip_payload const& f) const noexcept { return head.id == f.id && head.addresses == f.addresses && head.version == f.version; }
    bool is_whole() const noexcept { return size != 0 && parts.size() == 1 && parts[0].first == 0 && parts[0].second >= size; }

    void cover(std::uint32_t begin, std::uint32_t end) {
        auto at = std::find_if(parts.begin(), parts.end(), [begin](auto const& part) { return part.second >= begin; });
        if (at == parts.end() || at->first > end) {
            parts.insert(at, {begin, end});
            return;
        }
        at->first = std::min(at->first, begin);
        at->second = std::max(at->second, end);
        auto next = at + 1;
        while (next != parts.end() && next->first <= at->second) at->second = std::max(at->second, (next++)->second);
        parts.erase(at + 1, next);
    }
};

fragment_store::fragment_store() = default;
fragment_store::~fragment_store() = default;

fragment_store::datagram& fragment_store::find(ip_payload const& fragment) {
    for (auto const& one : open_)
        if (one->is_of(fragment)) return *one;
    if (open_.size() == max_datagrams) {
        open_.erase(open_.begin());
        ++lost_;
    }
    open_.push_back(std::make_unique<datagram>());
    open_.back()->head = fragment;
    open_.back()->head.data = {};
    return *open_.back();
}

bool fragment_store::add(ip_payload const& fragment, ip_payload& whole) {
    auto const end = fragment.offset + fragment.data.size();
    // What the capture cut short cannot be put together.
    if (end > max_datagram || fragment.data.size() < fragment.size || fragment.data.empty()) return ++lost_, false;

    auto& into = find(fragment);
    if (into.bytes.size() < end) into.bytes.resize(end);
    std::memcpy(into.bytes.data() + fragment.offset, fragment.data.data(), fragment.data.size());
    into.cover(fragment.offset, static_cast<std::uint32_t>(end));
    if (!fragment.more) into.size = static_cast<std::uint32_t>(end);
    if (!into.is_whole()) return false;

    auto const at = std::find_if(open_.begin(), open_.end(), [&into](auto const& one) { return one.get() == &into; });
    done_ = std::move(*at);
    open_.erase(at);
    whole = done_->head;
    whole.is_fragment = false;
    whole.data = bytes_view{done_->bytes}.first(done_->size);
    whole.size = done_->size;
    return true;
}

} // namespace aldis::app::dump
