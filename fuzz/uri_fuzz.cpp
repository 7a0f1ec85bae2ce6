// uri: any text is safe to take apart, and what was taken apart and written again is the same place.
#include "fuzz.hpp"

#include <algorithm>

#include <aldis/transport/endpoint.hpp>
#include <aldis/transport/proxy.hpp>

using namespace aldis;
using namespace aldis::fuzz;
using namespace aldis::transport;

namespace {

void check_text(std::string const& text) {
    check(std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; }), "what is shown is printable");
}

void check_endpoint(std::string_view uri) {
    auto const where = parse_endpoint(uri);
    if (!where) return check_text(where.error().message());
    auto const shown = to_string(*where);
    check_text(shown);
    auto const again = parse_endpoint(shown);
    check(again.has_value(), "what is shown can be read");
    check(again->query().empty() == where->query().empty(), "a query is shown as one");
    auto const bare = [](endpoint each) { return each.password({}).query({}); };
    check(bare(*again) == bare(*where), "what is shown is the same place");
}

void check_proxy(std::string_view uri) {
    auto const proxy = parse_proxy(uri);
    if (!proxy) return check_text(proxy.error().message());
    auto const shown = to_string(*proxy);
    check_text(shown);
    auto const again = parse_proxy(shown);
    check(again.has_value(), "what is shown can be read");
    check(again->how() == proxy->how() && again->host() == proxy->host() && again->port() == proxy->port() && again->user_name() == proxy->user_name(),
          "what is shown is the same proxy");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    exact_copy const input{data, size};
    check_endpoint(input.text());
    check_proxy(input.text());
    return 0;
}
