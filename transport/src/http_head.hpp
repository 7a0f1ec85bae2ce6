// The head of an HTTP/1 message (RFC 9112): first line and fields, read strictly from bytes that anybody may have sent.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aldis::transport {

struct http_field {
    std::string_view name{};
    std::string_view value{};                      // without the spaces around it
};

/// Views of the bytes it was read from.
struct http_head {
    std::string_view        first_line{};
    std::vector<http_field> fields{};

    std::size_t count(std::string_view name) const noexcept;
    /// The first of that name; empty without.
    std::string_view value(std::string_view name) const noexcept;
    /// Whether one of the comma-separated values of all fields of that name is `token`, upper or lower case.
    bool has_token(std::string_view name, std::string_view token) const noexcept;
};

struct http_request_line {
    std::string_view method{};
    std::string_view target{};
    std::string_view version{};                    // "HTTP/1.1"
};

struct http_status_line {
    int              code = 0;
    std::string_view reason{};
};

inline constexpr std::size_t max_http_fields = 100;

/// How many bytes the head takes with its empty line; 0 while that has not come. `seen` bytes were looked at before.
std::size_t find_head_end(std::string_view bytes, std::size_t seen = 0) noexcept;

/// Takes a whole head apart; nothing where it is none.
std::optional<http_head> parse_http_head(std::string_view head);

std::optional<http_request_line> parse_request_line(std::string_view line) noexcept;
std::optional<http_status_line>  parse_status_line(std::string_view line) noexcept;

/// The path of a request's target, which may be a whole URI (RFC 9112, section 3.2.2), without query; "/" where there is none.
std::string_view path_of_target(std::string_view target) noexcept;

/// The head of an answer after which the connection is closed; `fields` are further lines, each with its end.
std::string http_response_head(int status, std::string_view content_type, std::size_t body_size, std::string_view fields = {});

/// Whether it can be sent as the name or the value of a field.
bool is_field_name(std::string_view text) noexcept;
bool is_field_value(std::string_view text) noexcept;

} // namespace aldis::transport
