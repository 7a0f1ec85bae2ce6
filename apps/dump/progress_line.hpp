// How far a long file is read, on standard error.
#pragma once

#include <chrono>
#include <cstdint>

#include "inputs.hpp"
#include "options.hpp"

namespace aldis::app::dump {

/// A line on a terminal that is written over, a few times a second; nothing for inputs whose end is not known.
class progress_line {
public:
    progress_line(source const& of, choice wanted);

    void step() {
        if (shown_ && ++steps_ % 4096 == 0) update();
    }
    void clear();

private:
    void update();

    source const&                         of_;
    bool                                  shown_;
    bool                                  visible_ = false;
    std::uint64_t                         steps_ = 0;
    std::chrono::steady_clock::time_point next_{};
};

} // namespace aldis::app::dump
