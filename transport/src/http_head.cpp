// The head of an HTTP/1 message, read strictly.
#include "http_head.hpp"

#include <algorithm>
#include <array>

#include "uri_text.hpp"

namespace aldis::transport {
namespace {

constexpr std::string_view in_token = "!#$%&'*+-.^_`|~";
constexpr std::string_view blank = " \t";

struct status_row {
    int              code;
    std::string_view reason;
};

constexpr std::array reasons{
    status_row{200, "OK"},
    status_row{400, "Bad Request"},
    status_row{403, "Forbidden"},
    status_row{404, "Not Found"},
    status_row{405, "Method Not Allowed"},
    status_row{426, "Upgrade Required"},
    status_row{431, "Request Header Fields Too Large"},
    status_row{500, "Internal Server Error"},
    status_row{503, "Service Unavailable"},
    status_row{505, "HTTP Version Not Supported"},
};

bool is_token(std::string_view text) noexcept {
    auto const is_fine = [](char c) { return is_alnum(c) || in_token.find(c) != std::string_view::npos; };
    return !text.empty() && std::all_of(text.begin(), text.end(), is_fine);
}

std::string_view trim(std::string_view text) noexcept {
    auto const begin = text.find_first_not_of(blank);
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(blank) - begin + 1);
}

// The next line without its end; `rest` keeps what follows.
std::string_view cut_line(std::string_view& rest) noexcept {
    auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

std::optional<http_field> parse_field(std::string_view line) noexcept {
    auto const colon = line.find(':');
    if (colon == std::string_view::npos) return {};
    http_field const field{line.substr(0, colon), trim(line.substr(colon + 1))};
    return is_field_name(field.name) && is_field_value(field.value) ? std::optional(field) : std::nullopt;
}

bool is_version(std::string_view text) noexcept { return text.size() == 8 && text.starts_with("HTTP/1.") && is_digit(text[7]); }

} // namespace

std::size_t http_head::count(std::string_view name) const noexcept {
    auto const is_named = [name](http_field const& each) { return is_same_text(each.name, name); };
    return static_cast<std::size_t>(std::count_if(fields.begin(), fields.end(), is_named));
}

std::string_view http_head::value(std::string_view name) const noexcept {
    for (auto const& each : fields)
        if (is_same_text(each.name, name)) return each.value;
    return {};
}

bool http_head::has_token(std::string_view name, std::string_view token) const noexcept {
    for (auto const& each : fields) {
        if (!is_same_text(each.name, name)) continue;
        for (auto rest = each.value; !rest.empty(); rest.remove_prefix(std::min<std::size_t>(1, rest.size())))
            if (is_same_text(trim(cut_before(rest, ",")), token)) return true;
    }
    return false;
}

std::size_t find_head_end(std::string_view bytes, std::size_t seen) noexcept {
    for (auto at = bytes.find('\n', seen > 2 ? seen - 2 : 0); at != std::string_view::npos; at = bytes.find('\n', at + 1)) {
        if (bytes.substr(at + 1).starts_with('\n')) return at + 2;
        if (bytes.substr(at + 1).starts_with("\r\n")) return at + 3;
    }
    return 0;
}

std::optional<http_head> parse_http_head(std::string_view head) {
    http_head out;
    out.first_line = cut_line(head);
    while (!head.empty()) {
        auto const line = cut_line(head);
        if (line.empty()) return head.empty() && is_field_value(out.first_line) ? std::optional(std::move(out)) : std::nullopt;
        auto const field = parse_field(line);
        if (!field || out.fields.size() == max_http_fields) return {};
        out.fields.push_back(*field);
    }
    return {};
}

std::optional<http_request_line> parse_request_line(std::string_view line) noexcept {
    http_request_line out;
    out.method = cut_before(line, " ");
    line.remove_prefix(std::min<std::size_t>(1, line.size()));
    out.target = cut_before(line, " ");
    line.remove_prefix(std::min<std::size_t>(1, line.size()));
    out.version = line;
    bool const is_fine = is_token(out.method) && !out.target.empty() && is_version(out.version);
    return is_fine ? std::optional(out) : std::nullopt;
}

std::optional<http_status_line> parse_status_line(std::string_view line) noexcept {
    auto const code = line.size() >= 12 ? line.substr(9, 3) : std::string_view{};
    bool const is_fine = is_version(line.substr(0, 8)) && !code.empty() && line[8] == ' ' && code[0] >= '1' && code[0] <= '9' &&
                         std::all_of(code.begin(), code.end(), is_digit) && (line.size() == 12 || line[12] == ' ');
    if (!is_fine) return {};
    return http_status_line{(code[0] - '0') * 100 + (code[1] - '0') * 10 + (code[2] - '0'), trim(line.substr(12))};
}

std::string_view path_of_target(std::string_view target) noexcept {
    for (std::string_view const each : {"http://", "https://", "ws://", "wss://"})
        if (is_same_text(target.substr(0, each.size()), each)) {
            target.remove_prefix(each.size());
            cut_before(target, "/?");
        }
    auto const path = target.substr(0, target.find('?'));
    return path.empty() ? "/" : path;
}

std::string http_response_head(int status, std::string_view content_type, std::size_t body_size, std::string_view fields) {
    auto const  row = std::find_if(reasons.begin(), reasons.end(), [&](auto const& each) { return each.code == status; });
    std::string out = "HTTP/1.1 " + std::to_string(status) + ' ';
    out.append(row == reasons.end() ? "Refused" : row->reason).append("\r\nServer: aldis\r\nConnection: close\r\n").append(fields);
    out.append("Content-Type: ").append(content_type).append("\r\nContent-Length: " + std::to_string(body_size) + "\r\n\r\n");
    return out;
}

bool is_field_name(std::string_view text) noexcept { return is_token(text); }

bool is_field_value(std::string_view text) noexcept {
    return std::all_of(text.begin(), text.end(), [](char c) {
        auto const byte = static_cast<unsigned char>(c);
        return byte == '\t' || (byte >= 0x20 && byte != 0x7F);
    });
}

} // namespace aldis::transport
