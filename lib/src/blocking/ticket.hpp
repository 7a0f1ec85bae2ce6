// What stands behind a token: one thing asked for, and who waits for it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include <aldis/codec/reason.hpp>
#include <aldis/received_message.hpp>

#include "failure.hpp"

namespace aldis::blocking {

using clock = std::chrono::steady_clock;

/// Later than any test or program lasts, and still far from overflowing.
inline clock::time_point end_of_time() { return clock::now() + std::chrono::hours(24 * 365); }

/// The one lock of a client and its tokens, and who runs its loop. Never held while a handler runs.
struct monitor {
    std::mutex              mutex{};
    std::condition_variable changed{};
    std::thread::id         runner{};                              // none: nobody

    bool is_here() {
        std::lock_guard const lock(mutex);
        return runner == std::this_thread::get_id();
    }
};

class core;

struct ticket {
    std::shared_ptr<monitor>       sync;
    std::weak_ptr<core>            asked;
    std::uint64_t                  id = 0;
    asked_for                      what{};
    std::string                    subject{};                      // a topic, an address
    std::vector<std::string>       filters{};
    std::size_t                    bytes = 0;
    std::uint64_t                  no = 0;                         // the loop's, in the order in which they begin

    // Written once, under the lock.
    bool                     done = false;
    failure                  wrong{};
    reason_code              reason = reason_code::success;
    std::vector<reason_code> codes{};
    std::optional<received_message> answer{};
};
using ticket_ptr = std::shared_ptr<ticket>;

} // namespace aldis::blocking
