// proxy: what a proxy or a load balancer says is understood the same however it is cut, and never beyond its end.
#include "transport_fuzz.hpp"

#include <optional>

#include "layers.hpp"
#include "proxy_parse.hpp"

using namespace aldis;
using namespace aldis::fuzz;
using namespace aldis::transport;

namespace {

// Cutting a message short never turns it into another one.
template <class Parse>
void check_prefixes(std::string_view bytes, Parse parse) {
    auto const all = parse(bytes);
    if (all.is != progress::state::whole) return;
    check(all.size <= bytes.size(), "a message is made of bytes that are there");
    for (std::size_t size = 0; size < all.size; ++size) {
        auto const part = parse(bytes.substr(0, size));
        check(part.is == progress::state::more, "a message is not whole before its end");
        check(part.size > size && part.size <= all.size, "what is missing is told, and no more");
    }
    auto const alone = parse(bytes.substr(0, all.size));
    check(alone.is == progress::state::whole && alone.size == all.size, "a message is whole at its end");
}

struct outcome {
    error_code  ec{};
    std::string surplus{};
    std::string remote{};
    friend bool operator==(outcome const&, outcome const&) = default;
};

void drain(stream& from, std::string& into, std::string& part) {
    part.resize(64);
    from.async_read_some(asio::buffer(part), [&](error_code ec, std::size_t size) {
        into += part.substr(0, size);
        if (!ec) drain(from, into, part);
    });
}

outcome run(script const& from, bool is_whole) {
    asio::io_context        io;
    std::unique_ptr<stream> made;
    outcome                 out;
    std::string             part;
    auto                    lower = std::make_unique<fed_stream>(io.get_executor(), from, is_whole);
    auto                    done = [&](error_code ec, std::unique_ptr<stream> stream_made) {
        check(!ec == (stream_made != nullptr), "there is a stream or an error");
        out.ec = ec;
        made = std::move(stream_made);
        if (made) drain(*made, out.surplus, part);
    };
    auto const how = from.choice(0) % 4;
    proxy_options options(how == 2 ? proxy_options::kind::http : proxy_options::kind::socks5, "proxy", 1);
    if (how == 1) options.credentials("user", "secret");
    if (how == 3) start_proxy_header(std::move(lower), {}, std::move(done));
    else start_proxy_connect(std::move(lower), options, "broker.example", 1883, {}, std::move(done));
    io.run();
    if (made) out.remote = made->remote_name();
    return out;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    script const from(data, size);
    check_prefixes(from.bytes(), [](std::string_view bytes) { return parse_socks_reply(bytes); });
    check_prefixes(from.bytes(), [](std::string_view bytes) { return parse_connect_answer(bytes).came; });
    check_prefixes(from.bytes(), [](std::string_view bytes) { return parse_proxy_header(bytes).came; });
    check(run(from, true) == run(from, false), "an answer does not depend on how it is cut");
    return 0;
}
