// What `sub` prints of a message: -F formats, -v, and the payload alone.
#pragma once

#include <array>
#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>
#include <vector>

#include <aldis/codec/property.hpp>
#include <aldis/codec/types.hpp>

namespace aldis::app {

/// A message as it arrived; views of it live as long as the client keeps it.
struct arrival {
    std::string_view topic{};
    bytes_view       payload{};
    qos_level        qos = qos_level::at_most_once;
    bool             retain = false;
    packet_id        id = 0;                                       // 0 at QoS 0
    properties       props{};
    std::timespec    at{};                                         // the wall clock when it arrived
};

/// How text from messages is written.
struct print_style {
    bool end_of_line = true;
    bool pretty = false;                                           // JSON over several lines
    bool escape = false;                                           // for a terminal: see append_visible()
};

/// A format of -F, checked once and used for every message.
class message_format {
public:
    /// Throws usage_error for a sequence that there is not.
    explicit message_format(std::string_view format);

    /// Appends `message` to `out`. Returns false, having appended what stands around it, when %J met a payload that is not JSON.
    bool append(std::string& out, arrival const& message, print_style style) const;

private:
    enum class kind : std::uint8_t { literal, field, time };

    struct piece {
        kind        what = kind::literal;
        std::string text{};                                        // of a literal
        char        code = 0;                                      // the letter of a field or a time
        bool        left = false;
        char        pad = ' ';
        std::size_t width = 0;
        std::size_t precision = no_limit;
    };
    static constexpr std::size_t no_limit = static_cast<std::size_t>(-1);

    struct parser;
    friend struct field_writer;
    friend struct parser;

    std::vector<piece> pieces_{};
};

/// Appends what is printed without -F: the payload, with `verbose` the topic before it. An empty payload alone prints nothing.
void append_plain(std::string& out, arrival const& message, bool verbose, print_style style);

} // namespace aldis::app
