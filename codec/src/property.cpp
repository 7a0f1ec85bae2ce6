// Properties (2.2.2): validating a run of them, walking one that is valid, and building one.
#include <aldis/codec/property.hpp>

#include <array>

#include "fields.hpp"
#include "writer.hpp"

namespace aldis {
namespace codec {

class property_access {
public:
    static properties make(bytes_view wire, property_fit const& fit) noexcept { return {wire, fit, std::nullopt}; }
};

namespace {

property_spec const* row_of(std::byte id) noexcept { return find_property(std::to_integer<std::uint32_t>(id)); }

std::optional<errc> check_number(property_spec const& row, std::uint32_t value) noexcept {
    if (value >= row.min && value <= row.max) return std::nullopt;
    return row.id == property_id::topic_alias ? errc::topic_alias_zero : errc::property_value;   // [MQTT-3.3.2-8]
}

/// What the decoder asks of a row, so laid out that the identifier leads to it without a detour.
struct property_rule {
    std::array<places_by_sender, 2> may_stand{};                   // for the first time in a packet, and again; nowhere: there is no such property
    std::uint32_t                   min = 0;
    std::uint32_t                   max = 0;
    wire_type                       type{};
    property_id                     id{};
};

constexpr auto property_rules = [] {
    std::array<property_rule, property_rows.size()> rules{};
    for (auto const& row : property_specs)
        rules[static_cast<std::size_t>(row.id)] = {{property_fit::allowed(row, false), property_fit::allowed(row, true)}, row.min, row.max, row.type, row.id};
    return rules;
}();

constexpr property_rule const& rule_of(property_id id) noexcept { return property_rules[static_cast<std::size_t>(id)]; }

/// Steps over values as long as each ends before `end` and the specification allows it; else `wrong` tells what and where.
/// (Plain members and no optional in them: they then stay in registers, which is half of the time.)
struct value_walker {
    std::byte const* at;
    std::byte const* end;
    flaw_at          wrong{};

    [[gnu::always_inline]] bool step(property_rule const& rule) noexcept {
        if (rule.type <= wire_type::four_byte) return fixed(rule);
        if (rule.type == wire_type::varint) return varint(rule);
        if (rule.type == wire_type::binary) return binary();
        if (rule.type == wire_type::text_pair && !text(rule)) return false;   // [MQTT-1.5.7-1]
        return text(rule);
    }

private:
    bool fail(errc why, std::byte const* where) noexcept {
        wrong = {why, where};
        return false;
    }

    [[gnu::always_inline]] bool number(property_rule const& rule, std::uint32_t value, std::ptrdiff_t width) noexcept {
        if (value < rule.min || value > rule.max) [[unlikely]] return fail(*check_number(spec_of(rule.id), value), at);
        at += width;
        return true;
    }

    [[gnu::always_inline]] bool fixed(property_rule const& rule) noexcept {
        auto const width = std::ptrdiff_t{1} << static_cast<unsigned>(rule.type);
        if (end - at < width) [[unlikely]] return fail(errc::property_length_overrun, at);
        return number(rule, width == 1 ? std::to_integer<std::uint32_t>(*at) : width == 2 ? load_u16(at) : load_u32(at), width);
    }

    bool varint(property_rule const& rule) noexcept {
        auto const read = read_varint(at, end);
        if (read.wrong) return fail(*read.wrong == errc::truncated ? errc::property_length_overrun : *read.wrong, at);
        return number(rule, read.value, read.next - at);
    }

    [[gnu::always_inline]] bool binary() noexcept {
        if (end - at < 2 || end - at - 2 < load_u16(at)) [[unlikely]] return fail(errc::property_length_overrun, at);
        at += 2 + load_u16(at);
        return true;
    }

    [[gnu::always_inline]] bool text(property_rule const& rule) noexcept {
        auto const* const first = at + 2;
        if (!binary()) [[unlikely]] return false;
        auto const text = to_text({first, at});
        if (!is_plain_text(text)) [[unlikely]]
            if (auto const stop = find_invalid_text(text); stop != text.size())
                return fail(text_error(text, stop), first + stop);   // [MQTT-1.5.4-1] [MQTT-3.3.2-13] [MQTT-3.3.2-19]
        if (rule.id == property_id::response_topic)
            if (auto const wild = text.find_first_of("+#"); wild != text.npos)
                return fail(errc::response_topic_wildcard, first + wild);   // [MQTT-3.3.2-14]
        return true;
    }
};
static_assert(static_cast<unsigned>(wire_type::byte) == 0 && static_cast<unsigned>(wire_type::two_byte) == 1 &&
              static_cast<unsigned>(wire_type::four_byte) == 2, "fixed() reads the width off the type");

/// What is wrong with a property of `row` that may not stand at `where` when `from` sends it.
errc place_error(property_spec const* known, places where, sender from) noexcept {
    if (known == nullptr) return errc::property_unknown;
    auto const& row = *known;
    if ((row.allowed & where) == 0) return errc::property_misplaced;
    if (from == sender::client && (row.server_only & where) != 0) return errc::property_not_from_sender;   // [MQTT-3.3.4-6]
    if (from == sender::server && (row.client_only & where) != 0) return errc::property_not_from_sender;   // [MQTT-3.14.2-2]
    return errc::property_repeated;
}

std::byte const* skip_text(std::byte const* at) noexcept { return at + 2 + load_u16(at); }

/// The byte behind the valid property at `at`.
std::byte const* skip_property(std::byte const* at) noexcept {
    switch (row_of(*at++)->type) {
    case wire_type::byte: return at + 1;
    case wire_type::two_byte: return at + 2;
    case wire_type::four_byte: return at + 4;
    case wire_type::varint:
        while (std::to_integer<unsigned>(*at++) >= 0x80) {}
        return at;
    case wire_type::text:
    case wire_type::binary: return skip_text(at);
    case wire_type::text_pair: return skip_text(skip_text(at));
    }
    return at;
}

std::string_view load_text(std::byte const* at) noexcept { return to_text({at + 2, load_u16(at)}); }

/// The valid property at `at`.
property load_property(std::byte const* at) noexcept {
    auto const* const row = row_of(*at++);
    property loaded{};
    loaded.id = row->id;
    switch (row->type) {
    case wire_type::byte: loaded.number = std::to_integer<std::uint32_t>(*at); break;
    case wire_type::two_byte: loaded.number = load_u16(at); break;
    case wire_type::four_byte: loaded.number = load_u32(at); break;
    case wire_type::varint: loaded.number = read_varint(at, at + 4).value; break;
    case wire_type::text: loaded.text = load_text(at); break;
    case wire_type::binary: loaded.binary = to_bytes(load_text(at)); break;
    case wire_type::text_pair: loaded.pair = {load_text(at), load_text(skip_text(at))}; break;
    }
    return loaded;
}

/// Writes a property whose texts are not too long; the number is cut to its width.
template <class Sink>
void write_property(Sink& out, property const& p, wire_type type) noexcept {
    write_u8(out, static_cast<std::uint8_t>(p.id));
    switch (type) {
    case wire_type::byte: write_u8(out, static_cast<std::uint8_t>(p.number)); break;
    case wire_type::two_byte: write_u16(out, static_cast<std::uint16_t>(p.number)); break;
    case wire_type::four_byte: write_u32(out, p.number); break;
    case wire_type::varint: write_varint(out, p.number); break;
    case wire_type::text: write_text(out, p.text); break;
    case wire_type::binary: write_binary(out, p.binary); break;
    case wire_type::text_pair: write_text(out, p.pair.name), write_text(out, p.pair.value); break;
    }
}

/// What keeps `p` from being written at all; what its text may contain is seen once it stands there.
std::optional<errc> check_width(property const& p, property_spec const* row) noexcept {
    if (row == nullptr) return errc::property_unknown;
    if (is_number(row->type)) return check_number(*row, p.number);
    std::size_t const longest = std::max({p.text.size(), p.binary.size(), p.pair.name.size(), p.pair.value.size()});
    if (longest > 0xFFFF) return errc::text_too_long;
    return std::nullopt;
}

} // namespace

std::optional<flaw_at> validate_properties(bytes_view wire, places where, sender from, properties& into) noexcept {
    auto const here = when_sent(where, from);
    property_fit fit;
    for (value_walker walker{wire.data(), wire.data() + wire.size()}; walker.at != walker.end;) {
        auto const id = std::to_integer<std::size_t>(*walker.at);  // every identifier fits one byte
        if (id >= property_rules.size()) [[unlikely]] return flaw_at{errc::property_unknown, walker.at};
        auto const& rule = property_rules[id];
        if ((fit.add(rule.id, rule.may_stand[fit.seen >> id & 1]) & here) == 0) [[unlikely]] return flaw_at{place_error(row_of(*walker.at), where, from), walker.at};
        ++walker.at;
        if (!walker.step(rule)) [[unlikely]] return walker.wrong;
    }
    into = property_access::make(wire, fit);
    return std::nullopt;
}

std::optional<errc> check_some_properties(properties const& props, places where, context c) noexcept {
    if (props.flaw()) return props.flaw();
    if (!is_v5(c.version)) return errc::not_expressible;
    if ((props.fits(c.from) & where) != 0) return std::nullopt;
    property_fit fit;
    for (auto const& p : props)
        if ((fit.add(spec_of(p.id)) & when_sent(where, c.from)) == 0) return place_error(&spec_of(p.id), where, c.from);
    return std::nullopt;
}

} // namespace codec

std::optional<property> properties::find(property_id id) const noexcept {
    if (!has(id)) return std::nullopt;
    auto const* at = wire_.data();
    while (*at != static_cast<std::byte>(id)) at = codec::skip_property(at);
    return codec::load_property(at);
}

properties::iterator properties::begin() const noexcept { return iterator{wire_.data()}; }
properties::iterator properties::end() const noexcept { return iterator{wire_.data() + wire_.size()}; }

property properties::iterator::operator*() const noexcept { return codec::load_property(at_); }

properties::iterator& properties::iterator::operator++() noexcept {
    at_ = codec::skip_property(at_);
    return *this;
}

property_list::property_list(properties const& view) : wire_(view.wire().begin(), view.wire().end()), flaw_(view.flaw()) {
    for (auto const& p : view) fit_.add(codec::spec_of(p.id));
}

property_list& property_list::add(property const& value) & {
    auto const* const row = codec::find_property(static_cast<std::uint32_t>(value.id));
    auto wrong = codec::check_width(value, row);
    auto const old_size = wire_.size();
    if (!wrong) {
        codec::size_sink size;
        codec::write_property(size, value, row->type);
        wire_.resize(old_size + size.total);
        codec::byte_sink sink{wire_.data() + old_size};
        codec::write_property(sink, value, row->type);
        codec::value_walker walker{wire_.data() + old_size + 1, wire_.data() + wire_.size()};
        if (!walker.step(codec::rule_of(value.id))) wrong = walker.wrong.why;
    }
    if (wrong) {
        wire_.resize(old_size);
        if (!flaw_) flaw_ = wrong;
    } else {
        fit_.add(*row);
    }
    return *this;
}

properties property_list::view() const& noexcept { return {wire_, fit_, flaw_}; }

} // namespace aldis
