// Where `pub` gets its payloads: files, all of standard input, its lines.
#pragma once

#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include <aldis/codec/types.hpp>

namespace aldis::app {

/// The largest payload there can be; a message's topic takes some of it.
inline constexpr std::size_t largest_payload = max_remaining_length;

/// A payload that could not be read: `what()` is one line without "Error: ".
struct input_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// All of `path`. Throws input_error when it cannot be read, is a directory, or is larger than `largest`.
std::string read_file(std::string const& path, std::size_t largest = largest_payload);

/// All that `descriptor` gives. Throws input_error when it is nothing, cannot be read, or is larger than `largest`.
std::string read_all(int descriptor, std::size_t largest = largest_payload);

/// Cuts a stream of bytes into lines, whatever pieces it comes in. Keeps no more than one unfinished line and one piece.
class line_splitter {
public:
    explicit line_splitter(std::size_t longest = largest_payload) noexcept : longest_(longest) {}

    /// Takes the next piece of the stream.
    void feed(std::string_view piece);

    /// The next whole line, without its line feed; nothing when more must be fed first. Throws input_error for a line that is too long.
    /// The view lives until the next call of feed() or next().
    std::optional<std::string_view> next();

    /// At the end of the stream: what stands behind the last line feed, or nothing.
    std::optional<std::string_view> last();

private:
    void check(std::size_t size) const;

    std::string buffer_{};
    std::size_t begin_ = 0;                                        // of what has not been returned
    std::size_t searched_ = 0;                                     // no line feed between begin_ and here
    std::size_t longest_;
    std::size_t line_ = 1;
};

} // namespace aldis::app
