// How far a long file is read, on standard error.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string_view>

#include "inputs.hpp"
#include "options.hpp"

namespace aldis::app::dump {

/// Where the line goes, and what time it is.
struct progress_surroundings {
    std::function<void(std::string_view)>                   write{};
    std::function<std::chrono::steady_clock::time_point()> now{};
};

/// Standard error, and the steady clock.
progress_surroundings real_surroundings();

/// Whether there is to be a line: on a terminal, unless the output goes to the same one, or as `wanted` says.
bool wants_progress(choice wanted);

/// A line on a terminal that is written over, a few times a second, from half a second on; only the bytes read for inputs whose end is not
/// known.
class progress_line {
public:
    /// `of` must outlive it.
    progress_line(source const& of, bool shown, progress_surroundings around);

    /// Called for each frame: the time is looked at now and then.
    void step() {
        if (shown_ && ++steps_ % steps_between_looks == 0) update();
    }
    /// The line goes away.
    void clear();

    static constexpr std::uint64_t steps_between_looks = 4096;

private:
    void update();

    source const&                         of_;
    bool                                  shown_;
    progress_surroundings                 around_;
    bool                                  visible_ = false;
    std::uint64_t                         steps_ = 0;
    std::chrono::steady_clock::time_point next_;
};

} // namespace aldis::app::dump
