// session_client: a client engine whose server, owner, clock and store are the fuzzer.
#include "session_fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    aldis::fuzz::run_side(aldis::session::role::client, data, size);
    return 0;
}
