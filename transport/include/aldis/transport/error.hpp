// What can go wrong in the transport beyond what the system and Asio report: one row a code in error.cpp.
#pragma once

#include <type_traits>

#include <boost/system/error_code.hpp>

namespace boost::asio {}

namespace aldis::transport {

namespace asio = boost::asio;
using error_code = boost::system::error_code;

enum class errc {
    timed_out = 1,          // our deadline, not the kernel's; also equal to boost::system::errc::timed_out
    scheme_not_supported,   // no stream of this kind is built in
    no_address,             // the name exists but has no usable address
    path_too_long,          // a unix socket's path does not fit its address
    uri_too_long,
    uri_scheme_missing,
    uri_scheme_unknown,
    uri_user_bad,
    uri_host_bad,
    uri_port_bad,
    uri_path_bad,
    uri_query_bad,
    uri_fragment_refused,
};

boost::system::error_category const& category() noexcept;

inline error_code make_error_code(errc code) noexcept { return {static_cast<int>(code), category()}; }

} // namespace aldis::transport

template <>
struct boost::system::is_error_code_enum<aldis::transport::errc> : std::true_type {};
