// session_server: a server engine whose client, owner, clock and store are the fuzzer.
#include "session_fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    aldis::fuzz::run_side(aldis::session::role::server, data, size);
    return 0;
}
