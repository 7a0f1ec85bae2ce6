// SUBSCRIBE and UNSUBSCRIBE (3.8, 3.10).
#include "layout.hpp"
#include "subscription_options.hpp"

namespace aldis::codec {
namespace {

/// Reads elements with `read_one` up to the end of the packet, which must hold one at least.
template <class Element, class ReadOne>
wire_list<Element> read_list(reader& r, ReadOne read_one) noexcept {
    auto const* const first = r.here();
    if (!r.more()) r.fail(errc::no_filters);                       // [MQTT-3.8.3-2] [MQTT-3.10.3-2] [v3-MQTT-3.8.3-3] [v3-MQTT-3.10.3-2]
    std::size_t count = 0;
    for (; r.more(); ++count) read_one();
    return wire_access::make<Element>({first, r.here()}, count);
}

/// A list that was decoded from 3.1.1, where `$share/` means nothing, may not be a list of 5.0; an option of 5.0 has no form in 3.1.1.
std::optional<errc> check_for(subscription const& s, protocol version) noexcept {
    auto const options = pack_options(s);
    if (!is_v5(version)) {
        if (options > 2) return errc::not_expressible;
        return std::nullopt;
    }
    if (!is_shared(s.filter)) return std::nullopt;
    return first_of(check_topic_filter(s.filter), check_options(s.filter, options, version));   // [MQTT-3.8.3-4] [MQTT-4.8.2-2]
}

std::optional<errc> check_for(std::string_view filter, protocol version) noexcept {
    if (!is_v5(version) || !is_shared(filter)) return std::nullopt;
    return check_topic_filter(filter);                             // [MQTT-4.8.2-2]
}

template <class List>
std::optional<errc> check_list(List const& list, protocol version) noexcept {
    if (list.flaw()) return list.flaw();
    if (list.empty()) return errc::no_filters;                     // [MQTT-3.8.3-2] [MQTT-3.10.3-2] [v3-MQTT-3.8.3-3] [v3-MQTT-3.10.3-2]
    for (auto const& element : list)
        if (auto const wrong = check_for(element, version)) return wrong;
    return std::nullopt;
}

} // namespace

template <> struct layout<packet::subscribe> {
    static void read(reader& r, std::uint8_t, context where, packet::subscribe& p) noexcept {
        p.id = read_packet_id(r);
        read_properties(r, in(packet_type::subscribe), where, p.props);
        p.filters = read_list<subscription>(r, [&] {
            auto const filter = read_topic_filter(r, where.version);   // [MQTT-3.8.3-1] [v3-MQTT-3.8.3-1]
            auto const* const options_at = r.here();
            if (auto const wrong = check_options(filter, r.u8(), where.version)) r.fail(*wrong, options_at);   // [MQTT-3.8.3-5]
        });
    }

    static std::optional<errc> check(packet::subscribe const& p, context where) noexcept {
        return first_of(check_packet_id(p.id), check_properties(p.props, in(packet_type::subscribe), where),
                        check_list(p.filters, where.version));
    }

    template <class Sink>
    static void write(Sink& out, packet::subscribe const& p, context where) noexcept {
        write_u16(out, p.id);
        if (is_v5(where.version)) write_properties(out, p.props);
        out.put(p.filters.wire());
    }
};

template <> struct layout<packet::unsubscribe> {
    static void read(reader& r, std::uint8_t, context where, packet::unsubscribe& p) noexcept {
        p.id = read_packet_id(r);
        read_properties(r, in(packet_type::unsubscribe), where, p.props);
        p.filters = read_list<std::string_view>(r, [&] { read_topic_filter(r, where.version); });   // [MQTT-3.10.3-1] [v3-MQTT-3.10.3-1]
    }

    static std::optional<errc> check(packet::unsubscribe const& p, context where) noexcept {
        return first_of(check_packet_id(p.id), check_properties(p.props, in(packet_type::unsubscribe), where),
                        check_list(p.filters, where.version));
    }

    template <class Sink>
    static void write(Sink& out, packet::unsubscribe const& p, context where) noexcept {
        write_u16(out, p.id);
        if (is_v5(where.version)) write_properties(out, p.props);
        out.put(p.filters.wire());
    }
};

template result<packet::subscribe>   decode_as<packet::subscribe>(frame const&, context) noexcept;
template result<packet::unsubscribe> decode_as<packet::unsubscribe>(frame const&, context) noexcept;

template result<void> encode<packet::subscribe>(packet::subscribe const&, context, byte_buffer&);
template result<void> encode<packet::unsubscribe>(packet::unsubscribe const&, context, byte_buffer&);

template result<std::size_t> encoded_size<packet::subscribe>(packet::subscribe const&, context) noexcept;
template result<std::size_t> encoded_size<packet::unsubscribe>(packet::unsubscribe const&, context) noexcept;

} // namespace aldis::codec
