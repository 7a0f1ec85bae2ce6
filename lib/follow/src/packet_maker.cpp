// Streams to packets to records: framing, aliases, versions, and the rules about what comes first.
#include <aldis/follow/mqtt_flow.hpp>

#include <algorithm>
#include <utility>

#include <aldis/codec/property.hpp>
#include <aldis/dissect/text.hpp>

#include <aldis/follow/packet_chain.hpp>

namespace aldis::follow {
namespace {

constexpr std::size_t max_alias_bytes = std::size_t{1} << 20;      // for one end; 65,535 aliases of ordinary topics
constexpr std::size_t first_part = std::size_t{64} << 10;          // what is kept of a packet that is too large
constexpr std::size_t least_part = 256;                            // and of each where all together hold too much
constexpr std::size_t alias_entry = 96;                            // bytes of the table itself, about
constexpr std::size_t most_spare = std::size_t{1} << 20;          // bytes of a buffer that is used again
constexpr std::size_t max_client_id = 1024;                        // bytes of it that are kept

constexpr dissect::violation second_connect{"MQTT-3.1.0-2", "a second CONNECT on one connection", 0};
constexpr dissect::violation no_connect{"MQTT-3.1.0-1", "the first packet from a client is not a CONNECT", 0};
constexpr dissect::violation no_connack{"MQTT-3.2.0-1", "the first packet from a server is not a CONNACK", 0};

/// The Client Identifier that a CONNACK gives its client; empty where it gives none.
std::string_view assigned_id(dissect::tree const& t) noexcept {
    bool is_next = false;
    for (auto const& n : t.nodes) {
        if (n.id == dissect::field::property_id) is_next = n.number == static_cast<std::uint64_t>(property_id::assigned_client_identifier);
        if (n.id == dissect::field::prop_string && is_next) return t.text_of(n);
    }
    return {};
}

void keep_client_id(mqtt_flow& f, std::string_view id) { f.client_id.assign(id.substr(0, dissect::whole_characters(id, max_client_id))); }

/// What is pasted as text or piped as bytes may be any part of a stream.
bool sees_start(conversation const& of) noexcept { return of.saw_start && of.via != carrier::raw; }

} // namespace

std::string_view alias_table::topic_of(std::uint16_t alias) const noexcept {
    auto const found = topics_.find(alias);
    return found == topics_.end() ? std::string_view{} : std::string_view{found->second};
}

void alias_table::set(std::uint16_t alias, std::string_view topic, std::size_t room) {
    auto const found = topics_.find(alias);
    auto const old = found == topics_.end() ? 0 : alias_entry + found->second.size();
    auto const size = alias_entry + topic.size();
    if (size > old + room || held_ - old + size > max_alias_bytes) {   // forgotten: shown as unknown
        if (old != 0) topics_.erase(found);
        held_ -= old;
        whole_ = false;
        return;
    }
    topics_[alias] = topic;
    held_ += size - old;
}

void alias_table::clear() noexcept {
    topics_.clear();
    held_ = 0;
    whole_ = true;
}

std::size_t packet_maker::bytes(mqtt_flow& f, unsigned from, frame_stamp at, bytes_view data) {
    auto&       h = f.halves[from];
    std::size_t done = 0;
    while (done < data.size() && !h.lost) {
        bytes_view const rest{data.subspan(done)};
        if (!h.begun.empty()) {
            done += take_begun(f, from, at, rest);
            continue;
        }
        auto const size = packet_size(rest);
        if (size == 0U) {
            auto const header = std::min<std::size_t>(rest.size(), 5);
            break_off(f, from, at, bytes_view{rest.first(header)});
            done += header;
        } else if (!size || *size > rest.size()) {
            h.whole = size.value_or(0);
            begin(h, rest);
            done = data.size();
        } else {
            make(f, from, at, bytes_view{rest.first(*size)}, *size);
            done += *size;
        }
    }
    h.last = at;
    return done;
}

/// Keeps the beginning of a packet; of one that is too large not much of it. True when all of it has come.
bool packet_maker::begin(mqtt_half& h, bytes_view data) {
    bool const crowded = held_ + data.size() > options_.max_held;
    bool const too_large = crowded || h.whole > options_.max_packet;
    auto const most = crowded ? least_part : first_part;
    auto const kept = too_large ? std::min(data.size(), most - std::min(most, h.begun.size())) : data.size();
    if (h.begun.capacity() == 0) h.begun.swap(spare_);
    h.begun.insert(h.begun.end(), data.begin(), data.begin() + static_cast<std::ptrdiff_t>(kept));
    held_ += kept;
    bool const cut = too_large && h.whole > 0 && h.begun.size() >= most;
    if (cut) h.passing = h.whole - h.begun.size() - (data.size() - kept);
    return h.passing == 0 && (cut || h.begun.size() == h.whole);
}

std::size_t packet_maker::take_begun(mqtt_flow& f, unsigned from, frame_stamp at, bytes_view data) {
    auto& h = f.halves[from];
    if (h.passing > 0) {
        auto const taken = static_cast<std::size_t>(std::min<std::uint64_t>(h.passing, data.size()));
        h.passing -= taken;
        if (h.passing == 0) complete(f, from, at);
        return taken;
    }
    if (h.whole == 0) {
        h.begun.push_back(data[0]);
        ++held_;
        auto const size = packet_size(h.begun);
        h.whole = size.value_or(0);
        if (size == 0U) {
            auto const header = h.begun;
            break_off(f, from, at, header);
        } else if (size && *size == h.begun.size()) {
            complete(f, from, at);
        }
        return 1;
    }
    auto const taken = std::min(h.whole - h.begun.size(), data.size());
    if (begin(h, bytes_view{data.first(taken)})) complete(f, from, at);
    return taken;
}

/// The packet in `begun` is over, whether all of it was kept or not.
void packet_maker::complete(mqtt_flow& f, unsigned from, frame_stamp at) {
    auto&      h = f.halves[from];
    auto       packet = std::exchange(h.begun, {});
    auto const whole = std::exchange(h.whole, 0);
    held_ -= packet.size();
    make(f, from, at, packet, whole);
    bool const keeps = packet.capacity() <= most_spare && packet.capacity() > spare_.capacity();
    if (keeps) spare_.swap(packet), spare_.clear();
}

/// A Remaining Length of more than four bytes: shown, and nobody can tell where the next packet begins.
void packet_maker::break_off(mqtt_flow& f, unsigned from, frame_stamp at, bytes_view header) {
    auto& h = f.halves[from];
    make(f, from, at, header, header.size());
    clear(h);
    h.lost = true;
}

void packet_maker::gap(mqtt_flow& f, unsigned from, frame_stamp at, std::uint64_t size, bool snapped) {
    auto& h = f.halves[from];
    if (!h.has_hole) h.open = {};
    h.has_hole = true;
    h.open.lost += size;
    h.open.snapped = snapped;
    if (h.last) h.open.pause = at.time - h.last->time;
    if (h.lost) return;
    auto const left = h.passing > 0 ? h.passing : h.whole > h.begun.size() ? h.whole - h.begun.size() : 0;
    bool const bridged = size > 0 && size <= left;
    if (bridged) {
        h.passing = left - size;
        if (h.passing == 0) complete(f, from, at);
        return;
    }
    if (h.whole > 0) complete(f, from, at);                        // what is there of it, at least
    else h.open.skipped += h.begun.size();
    clear(h);
    h.lost = true;
}

void packet_maker::skip(mqtt_flow& f, unsigned from, std::uint64_t size) noexcept {
    auto& h = f.halves[from];
    if (size == 0) return;
    if (!h.has_hole) h.open = {};
    h.has_hole = true;
    h.open.skipped += size;
}

void packet_maker::tell_hole(mqtt_flow& f, unsigned from, frame_stamp at) {
    auto& h = f.halves[from];
    if (!std::exchange(h.has_hole, false)) return;
    to_.gap(*f.of, from, at, h.open);
}

void packet_maker::end(mqtt_flow& f, unsigned from, frame_stamp at) {
    auto& h = f.halves[from];
    if (!h.begun.empty()) {
        auto const there = std::to_string(h.begun.size());
        to_.note(at, f.of, "the stream ends inside a packet: " + (h.whole > 0 ? there + " of " + std::to_string(h.whole) + " bytes came" : there + " bytes came"));
        bool const pasted = f.of->via == carrier::raw && h.whole > 0;
        if (pasted) complete(f, from, at);                         // what is there is what was asked about
    }
    clear(h);
    tell_hole(f, from, at);
    to_.end(*f.of, from, at);
}

/// What there is of a packet is given up.
void packet_maker::clear(mqtt_half& h) noexcept {
    held_ -= h.begun.size();
    h.begun = {};
    h.whole = 0;
    h.passing = 0;
}

void packet_maker::forget(mqtt_flow& f) noexcept {
    for (auto& h : f.halves) {
        clear(h);
        aliases_ -= h.aliases.held();
        h.aliases.clear();
    }
}

void packet_maker::make(mqtt_flow& f, unsigned from, frame_stamp at, bytes_view packet, std::size_t size) {
    auto& h = f.halves[from];
    pdu_ = at.number == frame_ ? pdu_ + 1 : 0;
    frame_ = at.number;
    dissect(f, from, packet, size);
    learn(f, from);
    check_order(f, from, at);
    auto& r = record_;
    hole const before = h.open;
    r.of = f.of;
    r.from = from;
    r.at = at;
    r.pdu = pdu_;
    r.by = f.by(from);
    r.version_from = f.version_from;
    r.client = f.client_id;
    r.before = h.has_hole ? &before : nullptr;
    r.extras.clear();
    r.other_misses = f.halves[1 - from].has_hole || f.halves[1 - from].lost;
    r.aliases_whole = h.aliases.is_whole();
    r.found = {};
    tell_hole(f, from, at);
    h.started = true;
    to_.packet(r);
}

/// In the version of the conversation; where that was guessed, and does not fit while the other one does, the guess was wrong.
void packet_maker::dissect(mqtt_flow& f, unsigned from, bytes_view packet, std::size_t size) {
    auto const known = dissect::circumstances{.version = f.version,
                                              .version_known = f.version_known,
                                              .version_agreed = f.greeted || !sees_start(*f.of) || f.version_from == version_source::option,
                                              .from = f.by(from),
                                              .size = size};
    auto&      t = dissector_(packet, known, &f.halves[from].aliases);
    record_.tree = &t;
    bool const wrong = t.malformed || !t.violations.empty();
    if (f.version_from != version_source::guess || t.truncated || t.what.is(packet_type::connect)) return;
    if (!wrong) {
        if (is_v5(f.version) && !t.what.is(packet_type::publish) && !f.surely_v5) f.surely_v5 = !has(examine(packet, versions::both, f.by(from), 1).possible, versions::v3);
        return;
    }
    auto const other = is_v5(f.version) ? protocol::v3_1_1 : protocol::v5;
    if (f.surely_v5 || examine(packet, only(other), f.by(from), 1).packets == 0) return;
    f.version = other;
    f.surely_v5 = is_v5(other);
    auto again = known;
    again.version = other;
    dissector_(packet, again, &f.halves[from].aliases);
}

/// What this packet says about the conversation.
void packet_maker::learn(mqtt_flow& f, unsigned from) {
    auto& t = *record_.tree;
    auto& w = t.what;
    if (w.is(packet_type::connect)) {
        if (w.level) {
            f.version = options_.version.value_or(t.version);
            f.version_known = options_.version || t.version_known;
            f.version_from = options_.version ? version_source::option : version_source::connect;
        }
        f.client = from;
        keep_client_id(f, w.client_id);
        for (auto& h : f.halves) aliases_ -= h.aliases.held(), h.aliases.clear();
    } else if (!f.client) {
        bool const client = w.is(packet_type::subscribe) || w.is(packet_type::unsubscribe) || w.is(packet_type::pingreq);
        bool const server = w.is(packet_type::connack) || w.is(packet_type::suback) || w.is(packet_type::unsuback) || w.is(packet_type::pingresp);
        if (client || server) f.client = client ? from : 1 - from;
    }
    if (w.is(packet_type::connack) && f.client_id.empty()) keep_client_id(f, assigned_id(t));
    bool const sets_alias = w.is(packet_type::publish) && w.alias && !w.topic_resolved && !w.topic.empty() && w.has_payload;
    if (!sets_alias) return;
    auto& aliases = f.halves[from].aliases;
    auto const before = aliases.held();
    aliases.set(*w.alias, w.topic, options_.max_aliases - std::min(options_.max_aliases, aliases_));
    aliases_ = aliases_ - before + aliases.held();
}

/// Rules about which packet may come first; of a stream whose beginning was seen.
void packet_maker::check_order(mqtt_flow& f, unsigned from, frame_stamp at) {
    auto&      t = *record_.tree;
    bool const connect = t.what.is(packet_type::connect);
    bool const first = sees_start(*f.of) && !f.halves[from].started && !f.halves[from].has_hole && !at.unordered;
    bool const answer = t.what.is(packet_type::connack) || t.what.is(packet_type::auth);
    if (connect && f.greeted) t.violations.push_back(second_connect);
    if (first && f.by(from) == sender::client && !connect) t.violations.push_back(no_connect);
    if (first && f.by(from) == sender::server && !answer && f.greeted) t.violations.push_back(no_connack);
    if (connect) f.greeted = true;
}

} // namespace aldis::follow
