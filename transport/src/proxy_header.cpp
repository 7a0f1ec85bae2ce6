// Reading the PROXY protocol's header off an accepted stream.
#include "opening.hpp"
#include "prefixed_stream.hpp"
#include "proxy_parse.hpp"
#include "uri_text.hpp"

namespace aldis::transport {
namespace {

class header_opening final : public opening {
public:
    header_opening(std::unique_ptr<stream> lower, observer const& see, stream_handler handler)
        : opening(std::move(lower), phase::proxy, see, std::move(handler)) {}

private:
    void begin() override {
        auto const header = parse_proxy_header(received());
        if (header.came.is == progress::state::bad)
            return fail(errc::proxy_header_bad, "no PROXY protocol header but: " + printable(received(), 40));
        if (header.came.is == progress::state::more) {
            // Version 2 tells how long it is. Version 1 does not: what is read too much stays in the stream.
            auto const wanted = received().starts_with('P') ? max_proxy_text : header.came.size;
            return receive(wanted - received().size(), [this] { begin(); });
        }
        auto surplus = received().substr(header.came.size);
        auto via = header.source.empty() ? std::string{} : lower().facts().remote;
        succeed(make_prefixed_stream(take_lower(), std::move(surplus), header.source, std::move(via)));
    }
};

} // namespace

void start_proxy_header(std::unique_ptr<stream> lower, observer const& see, stream_handler handler) {
    std::make_shared<header_opening>(std::move(lower), see, std::move(handler))->start();
}

} // namespace aldis::transport
