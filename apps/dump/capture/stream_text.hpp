// Bytes written as hexadecimal text: plain digits, xxd, hexdump -C, with a tag that tells who sent them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <aldis/codec/bytes.hpp>

namespace aldis::app::dump {

/// What a line of text holds.
struct text_line {
    unsigned    from = 0;
    byte_buffer bytes{};
};

/// Reads line after line: a dump of several lines counts its offsets.
class text_reader {
public:
    explicit text_reader(unsigned from) noexcept : from_(from) {}

    /// The bytes of a line: none for a blank one, a comment (#), an offset alone. Throws input_error, which names the line.
    text_line read(std::string_view line);

private:
    bool take_tag(std::string_view& line) noexcept;
    bool take_offset(std::string_view& line) noexcept;
    void take_bytes(std::string_view line, bool has_offset, byte_buffer& into);

    unsigned      from_;
    std::uint64_t line_ = 0;
    std::uint64_t offset_ = 0;                                     // what the next line of a dump begins with
    bool          is_dump_ = false;
    std::string_view whole_{};
};

/// Whether the beginning of an input is such text.
bool looks_like_text(bytes_view beginning) noexcept;

} // namespace aldis::app::dump
