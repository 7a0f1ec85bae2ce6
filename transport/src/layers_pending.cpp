// Layers that are being built.
#include <boost/asio/error.hpp>

#include "completion.hpp"
#include "layers.hpp"

namespace aldis::transport {
namespace {
void refuse(std::unique_ptr<stream> lower, stream_handler handler) {
    auto const ex = lower->get_executor();
    completion<error_code, std::unique_ptr<stream>>(std::move(handler), ex).post(errc::scheme_not_supported, nullptr);
}
} // namespace

void start_proxy_connect(std::unique_ptr<stream> lower, proxy_options const&, std::string const&, std::uint16_t, observer const&, stream_handler handler) { refuse(std::move(lower), std::move(handler)); }
std::string to_string(proxy_options const&) { return {}; }
void start_proxy_header(std::unique_ptr<stream> lower, observer const&, stream_handler handler) { refuse(std::move(lower), std::move(handler)); }

} // namespace aldis::transport
