// Elements of the lists in SUBSCRIBE, UNSUBSCRIBE, SUBACK and UNSUBACK.
#include <aldis/codec/wire_list.hpp>

#include <aldis/codec/topic.hpp>

#include "reader.hpp"
#include "subscription_options.hpp"

namespace aldis::codec {
namespace {

void append_text(byte_buffer& out, std::string_view text) {
    out.push_back(static_cast<std::byte>(text.size() >> 8));
    out.push_back(static_cast<std::byte>(text.size() & 0xFF));
    auto const bytes = to_bytes(text);
    out.insert(out.end(), bytes.begin(), bytes.end());
}

} // namespace

std::string_view element_format<std::string_view>::read(std::byte const*& at) noexcept {
    auto const size = load_u16(at);
    at += 2 + size;
    return to_text({at - size, size});
}

std::optional<errc> element_format<std::string_view>::append(byte_buffer& out, std::string_view element) {
    if (auto const wrong = check_topic_filter(element)) return wrong;
    append_text(out, element);
    return std::nullopt;
}

subscription element_format<subscription>::read(std::byte const*& at) noexcept {
    auto const filter = element_format<std::string_view>::read(at);
    return unpack_options(filter, std::to_integer<std::uint8_t>(*at++));
}

std::optional<errc> element_format<subscription>::append(byte_buffer& out, subscription const& element) {
    if (auto const wrong = check_topic_filter(element.filter)) return wrong;
    auto const options = pack_options(element);
    if (auto const wrong = check_options(element.filter, options, protocol::v5)) return wrong;
    append_text(out, element.filter);
    out.push_back(std::byte{options});
    return std::nullopt;
}

std::optional<errc> element_format<reason_code>::append(byte_buffer& out, reason_code element) {
    auto const* const row = find_reason(static_cast<std::uint8_t>(element));
    if (row == nullptr) return errc::reason_unknown;
    if ((row->allowed & (in(packet_type::suback) | in(packet_type::unsuback))) == 0) return errc::reason_misplaced;
    out.push_back(static_cast<std::byte>(element));
    return std::nullopt;
}

} // namespace aldis::codec
