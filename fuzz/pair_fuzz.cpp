// pair: client and server engine over a faulty link, the simulation's schedules with the fuzzer's bytes for its decisions.
#include "fuzz.hpp"

#include "../test/simulation/world.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    namespace simulation = aldis::simulation;
    try {
        simulation::world w{simulation::choices{data, size}, false};
        w.run();
    } catch (simulation::violation const& v) {
        aldis::fuzz::check(false, v.what.c_str());
    }
    return 0;
}
