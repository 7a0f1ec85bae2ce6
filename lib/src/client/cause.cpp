// The classes of causes, as tables; and states as text.
#include <aldis/connection_state.hpp>

#include <array>
#include <cstddef>

#include <boost/asio/error.hpp>
#include <boost/system/errc.hpp>

#include <aldis/reconnect.hpp>
#include <aldis/transport/error.hpp>

namespace aldis {
namespace {

namespace net = boost::asio::error;

struct kind_row {
    cause_kind       kind;
    std::string_view name;
};

constexpr std::array kind_rows{
    kind_row{cause_kind::none, "none"},
    kind_row{cause_kind::stopped, "stopped"},
    kind_row{cause_kind::name_not_found, "name not found"},
    kind_row{cause_kind::refused, "connection refused"},
    kind_row{cause_kind::unreachable, "unreachable"},
    kind_row{cause_kind::timed_out, "timed out"},
    kind_row{cause_kind::tls, "TLS"},
    kind_row{cause_kind::proxy, "proxy"},
    kind_row{cause_kind::websocket, "WebSocket"},
    kind_row{cause_kind::server_refusal, "refused by the server"},
    kind_row{cause_kind::server_disconnect, "ended by the server"},
    kind_row{cause_kind::taken_over, "taken over"},
    kind_row{cause_kind::keep_alive, "keep-alive"},
    kind_row{cause_kind::closed_by_server, "closed by the server"},
    kind_row{cause_kind::network, "network"},
    kind_row{cause_kind::protocol_error, "protocol error"},
    kind_row{cause_kind::malformed, "malformed packet"},
    kind_row{cause_kind::authentication, "authentication"},
    kind_row{cause_kind::misuse, "wrong option"},
    kind_row{cause_kind::hook, "given up before the attempt"},
    kind_row{cause_kind::other, "other"},
};
static_assert([] {
    for (std::size_t i = 0; i < kind_rows.size(); ++i)
        if (static_cast<std::size_t>(kind_rows[i].kind) != i) return false;
    return kind_rows.size() == static_cast<std::size_t>(cause_kind::other) + 1;
}(), "one row for each kind, in order");

/// Codes that say it all, whatever the state.
cause_kind kind_of_code(error_code const& code) noexcept {
    struct row {
        error_code code;
        cause_kind kind;
    };
    static std::array const rows{
        row{net::operation_aborted, cause_kind::stopped},
        row{error::disconnected, cause_kind::stopped},
        row{error::ping_timed_out, cause_kind::keep_alive},
        row{error::silence, cause_kind::keep_alive},
        row{make_error_code(reason_code::keep_alive_timeout), cause_kind::keep_alive},
        row{make_error_code(reason_code::session_taken_over), cause_kind::taken_over},
        row{error::no_answer, cause_kind::closed_by_server},
        row{error::closed_by_peer, cause_kind::closed_by_server},
        row{net::eof, cause_kind::closed_by_server},
        row{net::connection_refused, cause_kind::refused},
        row{boost::system::errc::make_error_code(boost::system::errc::no_such_file_or_directory), cause_kind::refused},
        row{net::network_unreachable, cause_kind::unreachable},
        row{net::host_unreachable, cause_kind::unreachable},
        row{net::network_down, cause_kind::unreachable},
        row{net::host_not_found_try_again, cause_kind::name_not_found},
        row{transport::errc::lookup_failed, cause_kind::name_not_found},
        row{transport::errc::tls_truncated, cause_kind::network},
        row{error::authentication_failed, cause_kind::authentication},
        row{error::authentication_malformed, cause_kind::authentication},
        row{error::authentication_weak, cause_kind::authentication},
        row{error::authentication_costly, cause_kind::authentication},
    };
    for (auto const& each : rows)
        if (each.code == code) return each.kind;
    return cause_kind::none;
}

/// Then the groups, in this order: a code may belong to several.
cause_kind kind_of_group(error_code const& code) noexcept {
    struct row {
        condition  group;
        cause_kind kind;
    };
    static constexpr std::array rows{
        row{condition::tls, cause_kind::tls},
        row{condition::proxy, cause_kind::proxy},
        row{condition::websocket, cause_kind::websocket},
        row{condition::name_not_found, cause_kind::name_not_found},
        row{condition::malformed, cause_kind::malformed},
        row{condition::timed_out, cause_kind::timed_out},
        row{condition::local_misuse, cause_kind::misuse},
        row{condition::protocol_error, cause_kind::protocol_error},
        row{condition::not_supported, cause_kind::misuse},
        row{condition::connection_lost, cause_kind::network},
    };
    for (auto const& each : rows)
        if (code == each.group) return each.kind;
    return cause_kind::other;
}

bool is_peers_reason(error_code const& code) noexcept { return code.category() == category() && code.value() >= 0x80 && code.value() <= 0xFF; }

cause_kind kind_of(error_code const& code, bool was_open) noexcept {
    if (!code) return cause_kind::stopped;
    if (auto const kind = kind_of_code(code); kind != cause_kind::none) return kind;
    if (is_peers_reason(code)) return was_open ? cause_kind::server_disconnect : cause_kind::server_refusal;
    return kind_of_group(code);
}

/// What the certificates of the server, or ours in its opinion, are not good for.
bool is_verification(error_code const& code) noexcept {
    auto const first = static_cast<int>(transport::errc::tls_expired);
    auto const last = static_cast<int>(transport::errc::tls_bad_chain);
    return code.category() == transport::category() && code.value() >= first && code.value() <= last;
}

/// Fit for a terminal: whatever is not printable ASCII is escaped.
void append_printable(std::string& out, std::string_view text) {
    static constexpr char digits[] = "0123456789abcdef";
    for (char const c : text) {
        auto const byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && byte < 0x7F) out += c;
        else ((out += "\\x") += digits[byte >> 4U]) += digits[byte & 0xFU];
    }
}

std::string in_seconds(std::chrono::milliseconds time) {
    auto const tenths = (time.count() + 50) / 100;
    return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " s";
}

} // namespace

std::string_view name_of(cause_kind kind) noexcept {
    auto const at = static_cast<std::size_t>(kind);
    return at < kind_rows.size() ? kind_rows[at].name : "unknown";
}

connection_cause connection_cause::of(error_code code, bool was_open, answer said, std::string detail) {
    connection_cause made(kind_of(code, was_open), code);
    made.said_ = std::move(said);
    made.detail_ = std::move(detail);
    return made;
}

std::string_view connection_cause::server_reference() const noexcept {
    return said_.props().view().get<property_id::server_reference>().value_or(std::string_view{});
}

std::string connection_cause::text() const {
    auto line = detail_.empty() ? code_ ? code_.message() : std::string(name_of(kind_)) : detail_;
    if (reason_string().empty()) return line;
    line += " (the server says: ";
    append_printable(line, reason_string());
    return line + ')';
}

bool reconnect_policy::is_final_by_default(connection_cause const& cause) noexcept {
    switch (cause.kind()) {
    case cause_kind::stopped:
    case cause_kind::authentication:
    case cause_kind::misuse:
    case cause_kind::hook: return true;
    default: break;
    }
    auto const code = cause.code();
    return code == condition::not_authorized || code == condition::local_misuse || is_verification(code) ||
           code == reason_code::unsupported_protocol_version;
}

reconnect_policy& reconnect_policy::delays(std::chrono::milliseconds first, std::chrono::milliseconds longest) noexcept {
    delays_.first = first;
    delays_.longest = longest;
    return *this;
}

std::string to_string(connection_state const& now) {
    struct {
        std::string operator()(link_state::idle const&) const { return "idle"; }
        std::string operator()(link_state::connecting const& at) const {
            std::string line = "connecting to ";
            append_printable(line, transport::to_string(at.where));
            return at.attempt > 1 ? line + ", attempt " + std::to_string(at.attempt) : line;
        }
        std::string operator()(link_state::connected const& at) const {
            std::string line = "connected as ";
            append_printable(line, at.as.client_id());
            return at.as.session_present() ? line + ", the session goes on" : line;
        }
        std::string operator()(link_state::lost const& at) const {
            return "lost: " + at.cause.text() + "; next attempt in " + in_seconds(at.retry_in);
        }
        std::string operator()(link_state::given_up const& at) const { return "given up: " + at.cause.text(); }
    } const as_text;
    return std::visit(as_text, now);
}

} // namespace aldis
