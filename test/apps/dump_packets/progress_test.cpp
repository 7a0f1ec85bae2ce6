// How far a long file is read, told now and then.
#include <string>

#include <dump/progress_line.hpp>
#include <support/catch.hpp>

using namespace aldis;
using namespace aldis::app::dump;
using namespace std::chrono_literals;

namespace {

struct file final : source {
    bool     step(sink&) override { return false; }
    void     stop() noexcept override {}
    progress position() const noexcept override { return at; }

    progress at{};
};

/// Clock and terminal.
struct desk {
    std::chrono::steady_clock::time_point time{};
    std::string                           text{};

    progress_surroundings around() {
        return {[this](std::string_view more) { text += more; }, [this] { return time; }};
    }
    /// As many frames as pass between two looks at the clock.
    std::string pass(progress_line& line) {
        text.clear();
        for (std::uint64_t i = 0; i < progress_line::steps_between_looks; ++i) line.step();
        return text;
    }
};

} // namespace

TEST_CASE("progress is told from half a second on, a few times a second, and is gone at the end", "[dump][progress]") {
    file          f;
    desk          d;
    progress_line line{f, true, d.around()};
    f.at = {25U << 20, 100U << 20};

    d.time += 499ms;
    CHECK(d.pass(line).empty());
    d.time += 1ms;
    CHECK(d.pass(line) == "\r 25 % of 100.0 MiB");
    CHECK(d.pass(line).empty());
    d.time += 200ms;
    f.at.read = 100U << 20;
    CHECK(d.pass(line) == "\r100 % of 100.0 MiB");
    d.text.clear();
    line.clear();
    CHECK(d.text == "\r\033[K");
    line.clear();
    CHECK(d.text == "\r\033[K");
}

TEST_CASE("of an input without an end the bytes are told, and nothing where nobody wants it", "[dump][progress]") {
    file          f;
    desk          d;
    progress_line pipe{f, true, d.around()}, silent{f, false, d.around()};
    f.at = {3U << 19, 0};

    d.time += 1s;
    CHECK(d.pass(pipe) == "\r1.5 MiB read");
    CHECK(d.pass(silent).empty());
    d.text.clear();
    silent.clear();
    CHECK(d.text.empty());
    CHECK(wants_progress(choice::yes));
    CHECK_FALSE(wants_progress(choice::no));
}
