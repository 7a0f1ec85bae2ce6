// Uses the session engine without any network: a client that has its CONNECT ready to be written.
#include <aldis/session/engine.hpp>

int main() {
    aldis::session::state state;
    aldis::session::engine engine{aldis::session::role::client, {}};
    aldis::session::time_point const now{};
    if (!engine.connect({}, state, now)) return 1;
    return engine.pending(now).empty() ? 2 : 0;
}
