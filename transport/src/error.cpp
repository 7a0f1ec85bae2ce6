// The transport's error category: a row for each code with its sentence.
#include <aldis/transport/error.hpp>

#include <array>
#include <string>
#include <string_view>

namespace aldis::transport {
namespace {

struct row {
    errc             code;
    std::string_view text;
};

constexpr std::array<row, 13> rows{{
    {errc::timed_out, "no connection within the time allowed"},
    {errc::scheme_not_supported, "this kind of connection is not supported"},
    {errc::no_address, "the host has no address that can be used"},
    {errc::path_too_long, "the path of the unix socket is too long"},
    {errc::uri_too_long, "the URI is too long"},
    {errc::uri_scheme_missing, "the URI does not start with a scheme such as mqtt://"},
    {errc::uri_scheme_unknown, "the scheme is none of mqtt tcp mqtts ssl tls ws wss unix"},
    {errc::uri_user_bad, "the user name or password holds a character that must be percent-encoded"},
    {errc::uri_host_bad, "the host is neither a name, an IPv4 address nor an IPv6 address in brackets"},
    {errc::uri_port_bad, "the port is not a number from 0 to 65535"},
    {errc::uri_path_bad, "the path is not valid for this scheme"},
    {errc::uri_query_bad, "the query is not valid for this scheme"},
    {errc::uri_fragment_refused, "a fragment has no meaning here; write '#' as %23"},
}};

constexpr bool is_ordered() {
    for (std::size_t i = 0; i < rows.size(); ++i)
        if (static_cast<std::size_t>(rows[i].code) != i + 1) return false;
    return true;
}
static_assert(is_ordered());

class transport_category final : public boost::system::error_category {
    char const* name() const noexcept override { return "aldis.transport"; }

    std::string message(int value) const override {
        auto const index = static_cast<std::size_t>(value) - 1;
        return std::string(index < rows.size() ? rows[index].text : "unknown transport error");
    }

    // Callers who only ask "did it take too long?" need not know whose clock said so.
    boost::system::error_condition default_error_condition(int value) const noexcept override {
        if (value == static_cast<int>(errc::timed_out)) return boost::system::errc::make_error_condition(boost::system::errc::timed_out);
        return {value, *this};
    }
};

} // namespace

boost::system::error_category const& category() noexcept {
    static transport_category const instance;
    return instance;
}

} // namespace aldis::transport
