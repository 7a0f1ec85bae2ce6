// `-L mqtt://[user[:password]@]host[:port]/topic`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace aldis::app {

struct url_parts {
    std::string                  host{};
    std::optional<std::uint16_t> port{};
    std::optional<std::string>   user_name{};
    std::optional<std::string>   password{};
    std::string                  topic{};                          // as it stands: not percent-decoded
};

/// `text` taken apart. Throws usage_error, which says what is wrong.
url_parts parse_url(std::string_view text);

} // namespace aldis::app
