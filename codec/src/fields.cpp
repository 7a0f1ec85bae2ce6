// Fields that several packets share.
#include "fields.hpp"

namespace aldis::codec {

std::optional<errc> check_reason(packet_type type, reason_code code, sender from) noexcept {
    auto const* const row = find_reason(static_cast<std::uint8_t>(code));
    if (row == nullptr) return errc::reason_unknown;
    if ((row->allowed & in(type)) == 0) return errc::reason_misplaced;
    if (!may_carry(type, code, from)) return errc::reason_not_from_sender;
    return std::nullopt;
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
