// Text as MQTT wants it (1.5.4).
#pragma once

#include <cstddef>
#include <string_view>

namespace aldis::codec {

/// Where `text` stops being what MQTT allows in a UTF-8 string: the first ill-formed byte (overlong forms, surrogates,
/// beyond U+10FFFF, cut off) or the first U+0000; `text.size()` when all of it is good.
/// Control characters and non-characters, which the specification advises against but permits, pass.
/// Linear; eight ASCII characters at a time.  [MQTT-1.5.4-1] [MQTT-1.5.4-2] [v3-MQTT-1.5.3-1] [v3-MQTT-1.5.3-2]
std::size_t find_invalid_text(std::string_view text) noexcept;

/// True when all of `text` is valid in an MQTT UTF-8 string. Length is not looked at.
inline bool is_mqtt_text(std::string_view text) noexcept { return find_invalid_text(text) == text.size(); }

} // namespace aldis::codec
