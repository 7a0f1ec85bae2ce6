// How far a long file is read, on standard error.
#include "progress_line.hpp"

#include <cstdio>
#include <utility>

#include <unistd.h>

namespace aldis::app::dump {

progress_surroundings real_surroundings() {
    return {[](std::string_view text) { std::fwrite(text.data(), 1, text.size(), stderr); }, [] { return std::chrono::steady_clock::now(); }};
}

/// With the output on the same terminal the line would stand among the packets.
bool wants_progress(choice wanted) {
    if (wanted != choice::automatic) return wanted == choice::yes;
    return ::isatty(STDERR_FILENO) == 1 && ::isatty(STDOUT_FILENO) != 1;
}

progress_line::progress_line(source const& of, bool shown, progress_surroundings around)
    : of_(of), shown_(shown), around_(std::move(around)), next_(around_.now() + std::chrono::milliseconds{500}) {}

void progress_line::update() {
    auto const now = around_.now();
    if (now < next_) return;
    next_ = now + std::chrono::milliseconds{200};
    constexpr double mebibyte = 1024.0 * 1024.0;
    auto const       at = of_.position();
    auto const       read = static_cast<double>(at.read), total = static_cast<double>(at.total);
    char             line[80];
    if (at.total == 0) std::snprintf(line, sizeof line, "\r%.1f MiB read", read / mebibyte);
    else std::snprintf(line, sizeof line, "\r%3.0f %% of %.1f MiB", 100.0 * read / total, total / mebibyte);
    around_.write(line);
    visible_ = true;
}

void progress_line::clear() {
    if (std::exchange(visible_, false)) around_.write("\r\033[K");
}

} // namespace aldis::app::dump
