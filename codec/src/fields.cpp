// Fields that several packets share.
#include "fields.hpp"

namespace aldis::codec {

errc reason_error(packet_type type, reason_code code) noexcept {
    auto const* const row = find_reason(static_cast<std::uint8_t>(code));
    if (row == nullptr) return errc::reason_unknown;
    return (row->allowed & in(type)) == 0 ? errc::reason_misplaced : errc::reason_not_from_sender;
}

std::optional<errc> check_text(std::string_view text) noexcept {
    if (text.size() > 0xFFFF) return errc::text_too_long;
    if (auto const stop = find_invalid_text(text); stop != text.size()) return text_error(text, stop);
    return std::nullopt;
}

std::optional<errc> check_binary(bytes_view bytes) noexcept {
    if (bytes.size() > 0xFFFF) return errc::text_too_long;
    return std::nullopt;
}

} // namespace aldis::codec
