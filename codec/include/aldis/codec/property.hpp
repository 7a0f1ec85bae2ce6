// The 27 properties of 5.0 (2.2.2) as one table, and the two ways to hold them: a view of their bytes, and their owner.
#pragma once

#include <array>
#include <cassert>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string_view>

#include <aldis/codec/bytes.hpp>
#include <aldis/codec/fault.hpp>
#include <aldis/codec/result.hpp>
#include <aldis/codec/types.hpp>

namespace aldis {

enum class property_id : std::uint8_t {
    payload_format_indicator = 0x01,
    message_expiry_interval = 0x02,
    content_type = 0x03,
    response_topic = 0x08,
    correlation_data = 0x09,
    subscription_identifier = 0x0B,
    session_expiry_interval = 0x11,
    assigned_client_identifier = 0x12,
    server_keep_alive = 0x13,
    authentication_method = 0x15,
    authentication_data = 0x16,
    request_problem_information = 0x17,
    will_delay_interval = 0x18,
    request_response_information = 0x19,
    response_information = 0x1A,
    server_reference = 0x1C,
    reason_string = 0x1F,
    receive_maximum = 0x21,
    topic_alias_maximum = 0x22,
    topic_alias = 0x23,
    maximum_qos = 0x24,
    retain_available = 0x25,
    user_property = 0x26,
    maximum_packet_size = 0x27,
    wildcard_subscription_available = 0x28,
    subscription_identifier_available = 0x29,
    shared_subscription_available = 0x2A,
};

/// A name and a value, as a User Property has them.
struct text_pair {
    std::string_view name{};
    std::string_view value{};

    friend bool operator==(text_pair const&, text_pair const&) = default;
};

namespace codec {

enum class wire_type : std::uint8_t { byte, two_byte, four_byte, varint, text, binary, text_pair };

/// Everything that is known about one property. `client_only` and `server_only` are those of the `allowed` places where only
/// that side may send it; `repeats` those where it may occur more than once; `min` and `max` bound the value of a number.
struct property_spec {
    property_id      id;
    wire_type        type;
    places           allowed;
    places           repeats;
    places           client_only;
    places           server_only;
    std::uint32_t    min;
    std::uint32_t    max;
    std::string_view name;                                         // as the specification prints it
};

inline constexpr std::array property_specs = [] {
    using enum property_id;
    using enum wire_type;
    constexpr places con = in(packet_type::connect), cak = in(packet_type::connack), pub = in(packet_type::publish),
                     sub = in(packet_type::subscribe), dis = in(packet_type::disconnect), aut = in(packet_type::auth), wil = in_will;
    constexpr places ack = in(packet_type::puback) | in(packet_type::pubrec) | in(packet_type::pubrel) | in(packet_type::pubcomp) |
                           in(packet_type::suback) | in(packet_type::unsuback);
    constexpr places any = con | cak | pub | sub | in(packet_type::unsubscribe) | ack | dis | aut | wil;
    constexpr std::uint32_t u16 = 0xFFFF, u32 = 0xFFFF'FFFF;
    return std::array{
        //            id                                 type       allowed          repeats client server min max
        property_spec{payload_format_indicator,          byte,      pub | wil,       0,      0,     0,     0,  1,   "Payload Format Indicator"},
        property_spec{message_expiry_interval,           four_byte, pub | wil,       0,      0,     0,     0,  u32, "Message Expiry Interval"},
        property_spec{content_type,                      text,      pub | wil,       0,      0,     0,     0,  0,   "Content Type"},
        property_spec{response_topic,                    text,      pub | wil,       0,      0,     0,     0,  0,   "Response Topic"},
        property_spec{correlation_data,                  binary,    pub | wil,       0,      0,     0,     0,  0,   "Correlation Data"},
        property_spec{subscription_identifier,           varint,    pub | sub,       pub,    0,     pub,   1,  max_remaining_length, "Subscription Identifier"},
        property_spec{session_expiry_interval,           four_byte, con | cak | dis, 0,      dis,   0,     0,  u32, "Session Expiry Interval"},
        property_spec{assigned_client_identifier,        text,      cak,             0,      0,     0,     0,  0,   "Assigned Client Identifier"},
        property_spec{server_keep_alive,                 two_byte,  cak,             0,      0,     0,     0,  u16, "Server Keep Alive"},
        property_spec{authentication_method,             text,      con | cak | aut, 0,      0,     0,     0,  0,   "Authentication Method"},
        property_spec{authentication_data,               binary,    con | cak | aut, 0,      0,     0,     0,  0,   "Authentication Data"},
        property_spec{request_problem_information,       byte,      con,             0,      0,     0,     0,  1,   "Request Problem Information"},
        property_spec{will_delay_interval,               four_byte, wil,             0,      0,     0,     0,  u32, "Will Delay Interval"},
        property_spec{request_response_information,      byte,      con,             0,      0,     0,     0,  1,   "Request Response Information"},
        property_spec{response_information,              text,      cak,             0,      0,     0,     0,  0,   "Response Information"},
        property_spec{server_reference,                  text,      cak | dis,       0,      0,     dis,   0,  0,   "Server Reference"},
        property_spec{reason_string,                     text,      ack | cak | dis | aut, 0, 0,    0,     0,  0,   "Reason String"},
        property_spec{receive_maximum,                   two_byte,  con | cak,       0,      0,     0,     1,  u16, "Receive Maximum"},
        property_spec{topic_alias_maximum,               two_byte,  con | cak,       0,      0,     0,     0,  u16, "Topic Alias Maximum"},
        property_spec{topic_alias,                       two_byte,  pub,             0,      0,     0,     1,  u16, "Topic Alias"},
        property_spec{maximum_qos,                       byte,      cak,             0,      0,     0,     0,  1,   "Maximum QoS"},
        property_spec{retain_available,                  byte,      cak,             0,      0,     0,     0,  1,   "Retain Available"},
        property_spec{user_property,                     text_pair, any,             any,    0,     0,     0,  0,   "User Property"},
        property_spec{maximum_packet_size,               four_byte, con | cak,       0,      0,     0,     1,  u32, "Maximum Packet Size"},
        property_spec{wildcard_subscription_available,   byte,      cak,             0,      0,     0,     0,  1,   "Wildcard Subscription Available"},
        property_spec{subscription_identifier_available, byte,      cak,             0,      0,     0,     0,  1,   "Subscription Identifier Available"},
        property_spec{shared_subscription_available,     byte,      cak,             0,      0,     0,     0,  1,   "Shared Subscription Available"},
    };
}();
static_assert(property_specs.size() == 27);
static_assert([] {
    for (std::size_t i = 1; i < property_specs.size(); ++i)
        if (property_specs[i - 1].id >= property_specs[i].id) return false;
    return true;
}(), "rows stand in ascending order of identifier");

/// identifier -> its row in property_specs; -1 where there is no such property.
inline constexpr auto property_rows = [] {
    std::array<std::int8_t, 0x2B> rows{};
    rows.fill(-1);
    for (std::size_t i = 0; i < property_specs.size(); ++i)
        rows[static_cast<std::size_t>(property_specs[i].id)] = static_cast<std::int8_t>(i);
    return rows;
}();

/// The row for `id`, or null where the specification has no such property. Constant time.
constexpr property_spec const* find_property(std::uint32_t id) noexcept {
    if (id >= property_rows.size() || property_rows[id] < 0) return nullptr;
    return &property_specs[static_cast<std::size_t>(property_rows[id])];
}

constexpr property_spec const& spec_of(property_id id) noexcept { return *find_property(static_cast<std::uint32_t>(id)); }

template <wire_type> struct value_of;
template <> struct value_of<wire_type::byte>      { using type = std::uint8_t; };
template <> struct value_of<wire_type::two_byte>  { using type = std::uint16_t; };
template <> struct value_of<wire_type::four_byte> { using type = std::uint32_t; };
template <> struct value_of<wire_type::varint>    { using type = std::uint32_t; };
template <> struct value_of<wire_type::text>      { using type = std::string_view; };
template <> struct value_of<wire_type::binary>    { using type = bytes_view; };
template <> struct value_of<wire_type::text_pair> { using type = text_pair; };

/// The C++ type of a property, read off its row.
template <property_id Id>
using property_value = typename value_of<spec_of(Id).type>::type;

constexpr bool is_number(wire_type type) noexcept { return type <= wire_type::varint; }

/// Places by sender: those of a packet from a client in the lower half, those of one from a server in the upper.
using places_by_sender = std::uint32_t;
constexpr places_by_sender by_sender(places from_client, places from_server) noexcept {
    return places_by_sender{from_server} << 16 | from_client;
}

/// `where` in the half or halves that `from` may mean.
constexpr places_by_sender when_sent(places where, sender from) noexcept {
    return by_sender(from == sender::server ? places{0} : where, from == sender::client ? places{0} : where);
}

/// Where a run of properties may ride, worked out one property at a time.
struct property_fit {
    std::uint64_t    seen = 0;                                     // one bit for each identifier
    places_by_sender fits = 0xFFFF'FFFF;

    constexpr bool has(property_id id) const noexcept { return static_cast<unsigned>(id) < 64 && (seen >> static_cast<unsigned>(id) & 1) != 0; }

    /// Where a property of `row` may stand: for the first time in a packet, or `again`.
    static constexpr places_by_sender allowed(property_spec const& row, bool again) noexcept {
        unsigned const usable = again ? row.repeats : row.allowed;
        return (usable | usable << 16) & ~(unsigned{row.client_only} << 16 | row.server_only);
    }

    /// Takes one more property into account; tells where that one may stand behind those before it.
    constexpr places_by_sender add(property_spec const& row) noexcept { return add(row.id, allowed(row, has(row.id))); }

    /// The same with the answer known.
    constexpr places_by_sender add(property_id id, places_by_sender may_stand) noexcept {
        seen |= std::uint64_t{1} << static_cast<unsigned>(id);
        fits &= may_stand;
        return may_stand;
    }
};

} // namespace codec

/// One property whose identifier is known at run time only. Its row's `type` tells which member holds the value:
/// `number` (byte, two_byte, four_byte, varint), `text`, `binary`, or `pair`. The views live as long as what they came from.
struct property {
    property_id      id{};
    std::uint32_t    number = 0;
    std::string_view text{};
    bytes_view       binary{};
    text_pair        pair{};

    friend bool operator==(property const&, property const&) = default;
};

class property_list;
namespace codec { class property_access; }

/// The properties of one packet: a view of their wire form, known to be well-formed, since only the decoder and `property_list`
/// make one. Equal when the bytes are. Lives as long as those.
class properties {
public:
    properties() = default;                                        // none

    /// The value of `Id`, or nothing when absent; of several, the first. Scans when it is there; a packet carries few.
    template <property_id Id>
    std::optional<codec::property_value<Id>> get() const noexcept;

    /// Does not scan.
    bool has(property_id id) const noexcept { return fit_.has(id); }

    /// The first property with identifier `id`.
    std::optional<property> find(property_id id) const noexcept;

    /// Walks the properties in wire order.
    class iterator;
    iterator begin() const noexcept;
    iterator end() const noexcept;
    bool empty() const noexcept { return wire_.empty(); }

    /// The encoded properties, without their length.
    bytes_view wire() const noexcept { return wire_; }

    /// Where these properties may ride when `from` sends them: every identifier allowed, none repeated that may not be.
    places fits(sender from = sender::either) const noexcept {
        auto const usable = fit_.fits & codec::when_sent(0xFFFF, from);
        return static_cast<places>(usable | usable >> 16);
    }

    /// The same properties seen in a copy of their bytes: `copy` must equal wire() (asserted).
    properties over(bytes_view copy) const noexcept {
        assert(copy == wire_);
        auto moved = *this;
        moved.wire_ = copy;
        return moved;
    }

    /// What was wrong with a value given to the `property_list` this came from; encoding fails with it.
    std::optional<codec::errc> flaw() const noexcept { return flaw_; }

    friend bool operator==(properties const& a, properties const& b) noexcept { return a.wire_ == b.wire_; }

private:
    friend class property_list;
    friend class codec::property_access;

    properties(bytes_view wire, codec::property_fit const& fit, std::optional<codec::errc> flaw) noexcept
        : wire_(wire), fit_(fit), flaw_(flaw) {}

    bytes_view                 wire_{};
    codec::property_fit        fit_{};
    std::optional<codec::errc> flaw_{};
};

class properties::iterator {
public:
    using iterator_concept = std::forward_iterator_tag;
    using iterator_category = std::input_iterator_tag;
    using value_type = property;
    using difference_type = std::ptrdiff_t;
    using pointer = property const*;
    using reference = property;

    iterator() = default;
    property  operator*() const noexcept;
    iterator& operator++() noexcept;
    iterator  operator++(int) noexcept { auto old = *this; ++*this; return old; }
    friend bool operator==(iterator const&, iterator const&) = default;

private:
    friend class properties;
    explicit iterator(std::byte const* at) noexcept : at_(at) {}

    std::byte const* at_ = nullptr;
};

/// Builds and owns properties; packets take the view it converts to, which lives until the list is changed or destroyed.
/// A bad value (text that is not MQTT text or longer than 65,535 bytes, a number outside the property's range) is not added;
/// the first such error is kept in `flaw()` and fails the encoding of every packet that uses the list.
class property_list {
public:
    property_list() = default;

    /// A copy of `view`; loses nothing.
    explicit property_list(properties const& view);

    template <property_id Id>
    property_list& add(codec::property_value<Id> value) & { return add(make<Id>(value)); }
    template <property_id Id>
    property_list&& add(codec::property_value<Id> value) && { add(make<Id>(value)); return std::move(*this); }

    /// Adds a property whose identifier is known at run time.
    property_list& add(property const& value) &;

    void clear() noexcept { *this = property_list{}; }
    bool empty() const noexcept { return wire_.empty(); }
    std::optional<codec::errc> flaw() const noexcept { return flaw_; }

    properties view() const& noexcept;
    properties view() const&& = delete;                            // the view would dangle
    operator properties() const& noexcept { return view(); }
    operator properties() const&& = delete;

    friend bool operator==(property_list const& a, property_list const& b) noexcept { return a.wire_ == b.wire_; }

private:
    template <property_id Id>
    static property make(codec::property_value<Id> value) noexcept {
        using codec::wire_type;
        constexpr wire_type type = codec::spec_of(Id).type;
        property made{};
        made.id = Id;
        if constexpr (type == wire_type::text) made.text = value;
        else if constexpr (type == wire_type::binary) made.binary = value;
        else if constexpr (type == wire_type::text_pair) made.pair = value;
        else made.number = value;
        return made;
    }

    byte_buffer                wire_{};
    codec::property_fit        fit_{};
    std::optional<codec::errc> flaw_{};
};

template <property_id Id>
std::optional<codec::property_value<Id>> properties::get() const noexcept {
    using codec::wire_type;
    constexpr wire_type type = codec::spec_of(Id).type;
    if (!has(Id)) return std::nullopt;
    auto const found = find(Id);
    if constexpr (type == wire_type::text) return found->text;
    else if constexpr (type == wire_type::binary) return found->binary;
    else if constexpr (type == wire_type::text_pair) return found->pair;
    else return static_cast<codec::property_value<Id>>(found->number);
}

} // namespace aldis
