// The walk over a packet's fields, in the order of the wire. It takes what is there, rules or no rules, up to the first field that does not fit.
#include <aldis/dissect/dissector.hpp>

#include <algorithm>
#include <array>

#include <aldis/codec/property.hpp>

#include "verdict.hpp"

namespace aldis::dissect {
namespace {

/// Which field the reason code of a packet is, by type.
constexpr field reason_field(unsigned type) noexcept {
    switch (static_cast<packet_type>(type)) {
    case packet_type::pubrec: return field::pubrec_reason_code;
    case packet_type::pubrel: return field::pubrel_reason_code;
    case packet_type::pubcomp: return field::pubcomp_reason_code;
    case packet_type::suback: return field::suback_reason_code;
    case packet_type::unsuback: return field::unsuback_reason_code;
    case packet_type::disconnect: return field::disconnect_reason_code;
    case packet_type::auth: return field::auth_reason_code;
    case packet_type::connack: return field::connack_reason_code;
    default: return field::puback_reason_code;
    }
}

/// True for a text that goes on behind a null character, where Wireshark stops.
bool has_stray_characters(std::string_view text) noexcept {
    auto const null = text.find('\0');
    return null != std::string_view::npos && text.find_first_not_of('\0', null) != std::string_view::npos;
}

class walker {
public:
    walker(tree& into, circumstances known, alias_lookup const* aliases) noexcept
        : t_(into), in_(into.bytes), known_(known), aliases_(aliases) {}

    void walk() {
        if (!read_header()) return;
        switch (static_cast<packet_type>(t_.what.type)) {
        case packet_type::connect: return read_connect();
        case packet_type::connack: return read_connack();
        case packet_type::publish: return read_publish();
        case packet_type::puback:
        case packet_type::pubrec:
        case packet_type::pubrel:
        case packet_type::pubcomp: return read_ack();
        case packet_type::subscribe: return read_subscribe();
        case packet_type::suback: return read_suback();
        case packet_type::unsubscribe: return read_unsubscribe();
        case packet_type::unsuback: return read_unsuback();
        case packet_type::disconnect:
        case packet_type::auth: return read_disconnect();
        default: return;
        }
    }

private:
    // ---- primitives: each adds its field and moves on, or stops the walk ----

    std::size_t left() const noexcept { return in_.size() - at_; }
    bool        is_v5() const noexcept { return known_.version_known && aldis::is_v5(known_.version); }
    bool        is_v3_1() const noexcept { return known_.version_known && known_.version == protocol::v3_1; }
    bool        more() const noexcept { return !stopped_ && at_ < in_.size(); }

    node& add(field id, std::size_t at, std::size_t size, std::uint64_t number = 0) {
        auto& last = (depth_ == 1 ? last_outside_ : last_in_group_)[static_cast<std::size_t>(id)];
        auto const index = static_cast<std::uint32_t>(t_.nodes.size());
        bool const again = last != none;
        if (again) t_.nodes[last].next = index;
        last = index;
        return t_.nodes.emplace_back(node{.id = id,
                                          .depth = depth_,
                                          .again = again,
                                          .at = static_cast<std::uint32_t>(at),
                                          .size = static_cast<std::uint32_t>(size),
                                          .number = number});
    }

    void add_bits(field id, std::size_t at, unsigned byte) {
        auto const mask = spec_of(id).mask;
        unsigned shift = 0;
        while ((mask >> shift & 1) == 0) ++shift;
        auto& n = add(id, at, 1, (byte & mask) >> shift);
        n.depth = static_cast<std::uint8_t>(depth_ + 1);
    }

    void add_remark(field id) { add(id, at_, 0).depth = static_cast<std::uint8_t>(depth_ + 1); }

    bool stop_at(field where, std::size_t wanted, std::string_view why = {}) {
        stopped_ = true;
        if (!t_.truncated) t_.malformed = stop{.at = at_, .where = where, .wanted = wanted, .left = left(), .why = why};
        return false;
    }

    bool number(field id, std::size_t size, std::uint64_t& value) {
        if (stopped_) return false;
        if (left() < size) return stop_at(id, size);
        value = 0;
        for (std::size_t i = 0; i < size; ++i) value = value << 8 | std::to_integer<std::uint64_t>(in_[at_ + i]);
        add(id, at_, size, value);
        at_ += size;
        return true;
    }

    bool number(field id, std::size_t size) {
        std::uint64_t unused = 0;
        return number(id, size, unused);
    }

    bool varint(field id, std::uint64_t& value) {
        constexpr std::size_t longest = 4;
        if (stopped_) return false;
        value = 0;
        for (std::size_t i = 0; i < longest; ++i) {
            if (i >= left()) return stop_at(id, i + 1);
            auto const byte = std::to_integer<std::uint64_t>(in_[at_ + i]);
            value |= (byte & 0x7F) << (7 * i);
            if ((byte & 0x80) != 0) continue;
            add(id, at_, i + 1, value);
            at_ += i + 1;
            return true;
        }
        return stop_at(id, longest + 1, "variable byte integer has more than four bytes");
    }

    bool content(field id, std::size_t size, std::string_view& text) {
        if (left() < size) return stop_at(id, size);
        text = to_text(bytes_view{in_.subspan(at_, size)});
        add(id, at_, size);
        at_ += size;
        if (spec_of(id).is == kind::text && has_stray_characters(text)) add_remark(field::stray_characters);
        return true;
    }

    /// Two bytes of length, then as many bytes; without a field where there are none and `empty_too` is false.
    bool sized(field length_id, field id, std::string_view& text, bool empty_too = true) {
        std::uint64_t length = 0;
        text = {};
        if (!number(length_id, 2, length)) return false;
        return (length == 0 && !empty_too) || content(id, static_cast<std::size_t>(length), text);
    }

    // ---- the packets ----

    bool read_header() {
        if (in_.empty()) return stop_at(field::hdrflags, 1);
        auto const first = std::to_integer<unsigned>(in_[0]);
        t_.what.type = first >> 4;
        t_.what.flags = first & 0xF;
        bool const unsure = !known_.version_agreed;
        if (unsure && !t_.what.is(packet_type::connect)) add(field::unknown_version, 0, 0);
        add(field::hdrflags, 0, 1, first);
        add_bits(field::msgtype, 0, first);
        if (has_delivery_flags()) {
            add_bits(field::dupflag, 0, first);
            add_bits(field::qos, 0, first);
            add_bits(t_.what.is(packet_type::publish) ? field::retain : field::retain_reserved, 0, first);
        } else {
            add_bits(field::hdr_reserved, 0, first);
        }
        at_ = 1;
        return read_length();
    }

    /// 3.1 had DUP and QoS in requests, too.
    bool has_delivery_flags() const noexcept {
        auto const& w = t_.what;
        bool const request = w.is(packet_type::pubrel) || w.is(packet_type::subscribe) || w.is(packet_type::unsubscribe);
        return w.is(packet_type::publish) || (is_v3_1() && request);
    }

    bool read_length() {
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < 4; ++i) {
            if (i >= left()) return stop_at(field::len, i + 1);
            auto const byte = std::to_integer<std::uint64_t>(in_[at_ + i]);
            value |= (byte & 0x7F) << (7 * i);
            if ((byte & 0x80) != 0) continue;
            add(field::len, at_, i + 1, value);
            at_ += i + 1;
            remaining_ = static_cast<std::size_t>(value);
            return true;
        }
        add(field::len, at_, 4, value);
        at_ += 4;
        return stop_at(field::len, 1, "Remaining Length has more than four bytes");
    }

    void read_connect() {
        std::string_view text;
        std::uint64_t    level = 0;
        if (!sized(field::proto_len, field::protoname, text) || !number(field::ver, 1, level)) return;
        t_.what.level = static_cast<std::uint8_t>(level);
        known_.version_known = level >= 3 && level <= 5;
        if (known_.version_known) known_.version = static_cast<protocol>(level);
        t_.version = known_.version;
        t_.version_known = known_.version_known;
        std::uint64_t flags = 0;
        if (!number(field::conflags, 1, flags)) return;
        for (auto const bit : {field::conflag_uname, field::conflag_passwd, field::conflag_retain, field::conflag_qos, field::conflag_willflag,
                               field::conflag_cleansess, field::conflag_reserved})
            add_bits(bit, at_ - 1, static_cast<unsigned>(flags));
        if (!number(field::kalive, 2) || !read_properties(field::properties)) return;
        if (!sized(field::clientid_len, field::clientid, t_.what.client_id)) return;
        if ((flags & 0x04) != 0 && !read_will()) return;
        if ((flags & 0x80) != 0 && more() && !sized(field::username_len, field::username, text)) return;
        if ((flags & 0x40) != 0 && more()) (void)sized(field::passwd_len, field::passwd, text);
    }

    bool read_will() {
        std::string_view text;
        if (!read_properties(field::will_properties)) return false;
        if (!sized(field::willtopic_len, field::willtopic, text, false)) return false;
        if (text.empty()) add_remark(field::illegal_topic_length);
        return sized(field::willmsg_len, field::willmsg, text);
    }

    void read_connack() {
        std::uint64_t flags = 0;
        if (!number(is_v3_1() ? field::conack_reserved_byte : field::conack_flags, 1, flags)) return;
        if (!is_v3_1()) {
            add_bits(field::conack_reserved, at_ - 1, static_cast<unsigned>(flags));
            add_bits(field::conack_flags_sp, at_ - 1, static_cast<unsigned>(flags));
        }
        bool const old = known_.version_known && !is_v5();
        if (!reason(old ? field::conack_val : field::connack_reason_code)) return;
        (void)read_properties(field::properties);
    }

    bool reason(field id) {
        std::uint64_t value = 0;
        if (!number(id, 1, value)) return false;
        if (!t_.what.reason) t_.what.reason = static_cast<std::uint8_t>(value);
        return true;
    }

    bool read_id() {
        std::uint64_t id = 0;
        if (!number(field::msgid, 2, id)) return false;
        t_.what.id = static_cast<std::uint16_t>(id);
        return true;
    }

    void read_publish() {
        auto& w = t_.what;
        if (!sized(field::topic_len, field::topic, w.topic, false)) return;
        w.has_topic = true;
        auto const remark = t_.nodes.size();
        if (w.topic.empty()) add_remark(field::illegal_topic_length);
        if (w.qos() != 0 && !read_id()) return;
        bool const whole = read_properties(field::properties);
        if (w.topic.empty() && w.alias) t_.nodes[remark].made = true;   // taken back: an alias stands for the topic
        if (!whole) return;
        if (w.topic.empty() && w.alias) resolve_topic();
        w.payload = bytes_view{in_.subspan(at_)};
        w.has_payload = true;
        add(field::msg, at_, left());
        at_ = in_.size();
    }

    void resolve_topic() {
        auto& w = t_.what;
        w.topic = aliases_ != nullptr ? aliases_->topic_of(*w.alias) : std::string_view{};
        w.topic_resolved = !w.topic.empty();
        add(field::topic, at_, 0).made = true;
        if (!w.topic_resolved) add_remark(field::unknown_topic_alias);
    }

    void read_ack() {
        if (!read_id() || !is_v5()) return;
        if (remaining_ > 2 && !reason(reason_field(t_.what.type))) return;
        if (remaining_ > 3) (void)read_properties(field::properties);
    }

    void read_subscribe() {
        if (!read_id() || !read_properties(field::properties)) return;
        while (more()) {
            if (!read_filter()) return;
            if (!is_v5()) {
                if (!number(field::sub_qos, 1)) return;
                continue;
            }
            std::uint64_t options = 0;
            if (!number(field::subscription_options, 1, options)) return;
            for (auto const bit : {field::subscription_options_reserved, field::subscription_options_retain, field::subscription_options_rap,
                                   field::subscription_options_nl, field::subscription_options_qos})
                add_bits(bit, at_ - 1, static_cast<unsigned>(options));
        }
    }

    bool read_filter() {
        std::string_view filter;
        if (!sized(field::topic_len, field::topic, filter, false)) return false;
        if (filter.empty()) add_remark(field::illegal_topic_length);
        ++t_.what.filters;
        return true;
    }

    void read_suback() {
        if (!read_id() || !read_properties(field::properties)) return;
        bool const old = known_.version_known && !is_v5();
        while (more() && reason(old ? field::suback_qos : field::suback_reason_code)) ++t_.what.filters;
    }

    void read_unsubscribe() {
        if (!read_id() || !read_properties(field::properties)) return;
        while (more() && read_filter()) {}
    }

    void read_unsuback() {
        if (!read_id() || !is_v5() || !read_properties(field::properties)) return;
        while (more() && reason(field::unsuback_reason_code)) ++t_.what.filters;
    }

    void read_disconnect() {
        if (!is_v5() || remaining_ == 0 || !reason(reason_field(t_.what.type))) return;
        if (remaining_ >= 2) (void)read_properties(field::properties);
    }

    // ---- properties ----

    bool read_properties(field group_id) {
        if (!is_v5()) return true;
        if (stopped_) return false;
        if (left() == 0) return stop_at(field::property_len, 1);
        auto const group = t_.nodes.size();
        add(group_id, at_, 0);
        last_in_group_.fill(none);
        ++depth_;
        std::uint64_t length = 0;
        if (varint(field::property_len, length)) {
            auto const end = at_ + static_cast<std::size_t>(std::min<std::uint64_t>(length, max_packet_size));
            while (!stopped_ && at_ < end) read_property(end);
        }
        --depth_;
        auto& n = t_.nodes[group];
        n.size = static_cast<std::uint32_t>(at_ - n.at);
        n.number = t_.nodes.size() - group - 1;
        return !stopped_;
    }

    void read_property(std::size_t end) {
        std::uint64_t    id = 0;
        std::string_view text;
        if (!number(field::property_id, 1, id)) return;
        auto const* const row = codec::find_property(static_cast<std::uint32_t>(id));
        if (row == nullptr) return (void)content(field::prop_unknown, end - at_, text);
        switch (row->type) {
        case codec::wire_type::byte: return read_number(row->id, row->id == property_id::maximum_qos ? field::max_qos : field::prop_number, 1);
        case codec::wire_type::two_byte:
            return read_number(row->id, row->id == property_id::topic_alias ? field::topic_alias : field::prop_number, 2);
        case codec::wire_type::four_byte: return read_number(row->id, field::prop_number, 4);
        case codec::wire_type::varint: return (void)varint(field::prop_number, id);
        case codec::wire_type::text:
            if (row->id == property_id::content_type) return read_content_type();
            [[fallthrough]];
        case codec::wire_type::binary: return (void)sized(field::prop_string_len, field::prop_string, text);
        case codec::wire_type::text_pair:
            if (sized(field::prop_key_len, field::prop_key, text)) (void)sized(field::prop_value_len, field::prop_value, text);
        }
    }

    void read_number(property_id id, field where, std::size_t size) {
        std::uint64_t value = 0;
        if (!number(where, size, value)) return;
        if (id == property_id::topic_alias) t_.what.alias = static_cast<std::uint16_t>(value);
        if (id == property_id::payload_format_indicator) t_.what.is_text = value == 1;
    }

    /// Wireshark has no field for the length of this one.
    void read_content_type() {
        if (left() < 2) return (void)stop_at(field::content_type, 2);
        auto const size = std::to_integer<std::size_t>(in_[at_]) << 8 | std::to_integer<std::size_t>(in_[at_ + 1]);
        at_ += 2;
        (void)content(field::content_type, size, t_.what.content_type);
    }

    /// The last node of each field, for node::next.
    using last_nodes = std::array<std::uint32_t, field_count>;
    static constexpr std::uint32_t none = 0xFFFF'FFFF;
    static constexpr last_nodes    nothing = [] {
        last_nodes all{};
        all.fill(none);
        return all;
    }();

    last_nodes          last_outside_ = nothing;
    last_nodes          last_in_group_;
    tree&               t_;
    bytes_view          in_;
    circumstances       known_;
    alias_lookup const* aliases_;
    std::size_t         at_ = 0;
    std::size_t         remaining_ = 0;
    std::uint8_t        depth_ = 1;
    bool                stopped_ = false;
};

} // namespace

tree& dissector::operator()(bytes_view packet, circumstances known, alias_lookup const* aliases) {
    auto& t = tree_;
    t.bytes = packet;
    t.size = known.size == 0 ? packet.size() : known.size;
    t.version = known.version;
    t.version_known = known.version_known;
    t.truncated = packet.size() < t.size;
    t.nodes.clear();
    t.violations.clear();
    t.malformed.reset();
    t.what = {};
    walker{t, known, aliases}.walk();
    judge(t, known.from);
    return t;
}

} // namespace aldis::dissect
