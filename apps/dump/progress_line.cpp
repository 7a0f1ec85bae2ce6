// How far a long file is read, on standard error.
#include "progress_line.hpp"

#include <cstdio>

#include <unistd.h>

namespace aldis::app::dump {
namespace {

/// With the output on the same terminal the line would stand among the packets.
bool is_wanted(choice wanted) {
    if (wanted != choice::automatic) return wanted == choice::yes;
    return ::isatty(STDERR_FILENO) == 1 && ::isatty(STDOUT_FILENO) != 1;
}

} // namespace

progress_line::progress_line(source const& of, choice wanted) : of_(of), shown_(is_wanted(wanted)) {
    next_ = std::chrono::steady_clock::now() + std::chrono::milliseconds{500};
}

void progress_line::update() {
    auto const now = std::chrono::steady_clock::now();
    if (now < next_) return;
    next_ = now + std::chrono::milliseconds{200};
    constexpr double mebibyte = 1024.0 * 1024.0;
    auto const       at = of_.position();
    if (at.total == 0) std::fprintf(stderr, "\r%.1f MiB read", static_cast<double>(at.read) / mebibyte);
    else std::fprintf(stderr, "\r%3.0f %% of %.1f MiB", 100.0 * static_cast<double>(at.read) / static_cast<double>(at.total), static_cast<double>(at.total) / mebibyte);
    visible_ = true;
}

void progress_line::clear() {
    if (visible_) std::fputs("\r\033[K", stderr);
    visible_ = false;
}

} // namespace aldis::app::dump
