// Properties (2.2.2): validating a run of them, walking one that is valid, and building one.
#include <aldis/codec/property.hpp>

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

/// A value that was looked at: the byte behind it, or the byte at which it is wrong.
struct checked {
    std::byte const*    at = nullptr;
    std::optional<errc> wrong{};
};

std::optional<errc> check_number(property_spec const& row, std::uint32_t value) noexcept {
    if (value >= row.min && value <= row.max) [[likely]] return std::nullopt;
    return row.id == property_id::topic_alias ? errc::topic_alias_zero : errc::property_value;   // [MQTT-3.3.2-8]
}

/// A number of `width` bytes, which `load` takes.
template <class Load>
checked check_fixed(property_spec const& row, std::byte const* at, std::byte const* end, std::ptrdiff_t width, Load load) noexcept {
    if (end - at < width) [[unlikely]] return {at, errc::property_length_overrun};
    if (auto const wrong = check_number(row, load(at))) [[unlikely]] return {at, wrong};
    return {at + width, std::nullopt};
}

checked check_varint(property_spec const& row, std::byte const* at, std::byte const* end) noexcept {
    auto const read = read_varint(at, end);
    if (read.wrong) return {at, *read.wrong == errc::truncated ? errc::property_length_overrun : *read.wrong};
    if (auto const wrong = check_number(row, read.value)) return {at, wrong};
    return {read.next, std::nullopt};
}

checked check_binary(std::byte const* at, std::byte const* end) noexcept {
    if (end - at < 2 || end - at - 2 < load_u16(at)) [[unlikely]] return {at, errc::property_length_overrun};
    return {at + 2 + load_u16(at), std::nullopt};
}

checked check_text(property_spec const& row, std::byte const* at, std::byte const* end) noexcept {
    auto const field = check_binary(at, end);
    if (field.wrong) [[unlikely]] return field;
    auto const* const first = at + 2;
    auto const text = to_text({first, field.at});
    if (!is_plain_text(text)) [[unlikely]]
        if (auto const stop = find_invalid_text(text); stop != text.size())
            return {first + stop, text_error(text, stop)};         // [MQTT-1.5.4-1] [MQTT-1.5.7-1] [MQTT-3.3.2-13] [MQTT-3.3.2-19]
    if (row.id == property_id::response_topic)
        if (auto const wild = text.find_first_of("+#"); wild != text.npos)
            return {first + wild, errc::response_topic_wildcard};  // [MQTT-3.3.2-14]
    return field;
}

/// Checks the value at `at` of a property of `row`: that it ends before `end`, and that the specification allows it.
inline checked check_value(property_spec const& row, std::byte const* at, std::byte const* end) noexcept {
    switch (row.type) {
    case wire_type::byte: return check_fixed(row, at, end, 1, [](auto const* b) { return std::to_integer<std::uint32_t>(*b); });
    case wire_type::two_byte: return check_fixed(row, at, end, 2, [](auto const* b) { return std::uint32_t{load_u16(b)}; });
    case wire_type::four_byte: return check_fixed(row, at, end, 4, [](auto const* b) { return load_u32(b); });
    case wire_type::varint: return check_varint(row, at, end);
    case wire_type::text: return check_text(row, at, end);
    case wire_type::binary: return check_binary(at, end);
    case wire_type::text_pair: break;
    }
    auto const name = check_text(row, at, end);
    return name.wrong ? name : check_text(row, name.at, end);      // [MQTT-1.5.7-1]
}

/// What is wrong with a property of `row` standing at `where` behind those that `fit` has seen, which it joins.
std::optional<errc> check_place(property_spec const& row, places where, sender from, property_fit& fit) noexcept {
    if ((row.allowed & where) == 0) return errc::property_misplaced;
    bool const again = fit.add(row);
    if (from == sender::client && (row.server_only & where) != 0) return errc::property_not_from_sender;   // [MQTT-3.3.4-6]
    if (from == sender::server && (row.client_only & where) != 0) return errc::property_not_from_sender;   // [MQTT-3.14.2-2]
    if (again && (row.repeats & where) == 0) return errc::property_repeated;
    return std::nullopt;
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
    auto const* const end = wire.data() + wire.size();
    property_fit fit;
    for (auto const* at = wire.data(); at != end;) {
        auto const* const row = row_of(*at);                       // every identifier fits one byte
        if (row == nullptr) [[unlikely]] return flaw_at{errc::property_unknown, at};
        if (auto const wrong = check_place(*row, where, from, fit)) [[unlikely]] return flaw_at{*wrong, at};
        auto const value = check_value(*row, at + 1, end);
        if (value.wrong) [[unlikely]] return flaw_at{*value.wrong, value.at};
        at = value.at;
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
        if (auto const wrong = check_place(spec_of(p.id), where, c.from, fit)) return wrong;
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
        wrong = codec::check_value(*row, wire_.data() + old_size + 1, wire_.data() + wire_.size()).wrong;
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
