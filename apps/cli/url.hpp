// `-L scheme://[user[:password]@]host[:port]/topic`, and `-L unix:///path`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace aldis::app {

struct url_parts {
    std::string                  host{};
    std::optional<std::uint16_t> port{};                           // the scheme's where none is given
    bool                         is_secure = false;                // mqtts, wss and their aliases
    bool                         is_web = false;                   // ws, wss
    std::string                  unix_path{};                      // of unix:///path, decoded; all the rest is empty then
    std::optional<std::string>   user_name{};
    std::optional<std::string>   password{};
    std::optional<std::string>   topic{};                          // as it stands: not percent-decoded
};

/// `text` taken apart. Throws usage_error, which says what is wrong.
url_parts parse_url(std::string_view text);

} // namespace aldis::app
