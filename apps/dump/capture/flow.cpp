// The table of TCP connections.
#include "flow.hpp"

namespace aldis::app::dump {

flow_key key_of(tcp_segment const& s, unsigned& sender) noexcept {
    sender = std::pair{s.addresses[0], s.ports[0]} <= std::pair{s.addresses[1], s.ports[1]} ? 0U : 1U;
    flow_key key;
    key.addresses = {s.addresses[sender], s.addresses[1 - sender]};
    key.ports = {s.ports[sender], s.ports[1 - sender]};
    key.version = s.version;
    return key;
}

std::size_t flow_hash::operator()(flow_key const& key) const noexcept {
    auto const mix = [](std::uint64_t h, std::uint64_t v) {
        h = (h ^ v) * 0x9E3779B97F4A7C15U;
        return h ^ h >> 32;
    };
    std::uint64_t h = std::uint64_t{key.ports[0]} << 32 | std::uint64_t{key.ports[1]} << 8 | key.version;
    h = mix(h, key.addresses[0].low);
    h = mix(h, key.addresses[1].low);
    if (key.version == 6) h = mix(mix(h, key.addresses[0].high), key.addresses[1].high);
    return mix(h, 0);
}

void flow_table::unlink(flow& one) noexcept {
    (one.newer ? one.newer->older : newest_) = one.older;
    (one.older ? one.older->newer : oldest_) = one.newer;
    one.newer = one.older = nullptr;
}

void flow_table::link(flow& one) noexcept {
    one.older = newest_;
    (newest_ ? newest_->newer : oldest_) = &one;
    newest_ = &one;
}

flow* flow_table::find(flow_key const& key) {
    if (newest_ && newest_->key == key) return newest_;
    auto const at = flows_.find(key);
    if (at == flows_.end()) return nullptr;
    unlink(*at->second);
    link(*at->second);
    return at->second.get();
}

flow& flow_table::add(flow_key const& key) {
    auto made = std::make_unique<flow>();
    auto& one = *made;
    one.key = key;
    flows_.emplace(key, std::move(made));
    link(one);
    return one;
}

std::unique_ptr<flow> flow_table::take(flow& one) {
    auto const at = flows_.find(one.key);
    unlink(one);
    auto taken = std::move(at->second);
    flows_.erase(at);
    return taken;
}

} // namespace aldis::app::dump
