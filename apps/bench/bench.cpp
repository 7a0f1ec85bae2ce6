// `aldis bench`: reads the command line, plays the run, prints the result.
#include "bench.hpp"

#include <cstdio>

#include <fmt/format.h>

#include "../cli/exit_code.hpp"
#include "../cli/report.hpp"
#include "fleet.hpp"
#include "result.hpp"
#include "settings.hpp"

namespace aldis::app {

int bench_run(std::vector<std::string> const& words) {
    using namespace bench;
    try {
        auto const wanted = read_settings(words);
        if (wanted.help) return fmt::print("{}", settings_help(wanted)), exit_code::success;
        for (auto const& line : wanted.base.warnings) print_line(line);
        fleet all{wanted};
        all.run();
        fmt::print("{}", wanted.json ? result_json(wanted, all.counts(), all.measured_time()) : result_text(wanted, all.counts(), all.measured_time()));
        return all.counts().is_clean() ? exit_code::success : exit_code::failure;
    } catch (usage_error const& error) {
        std::string text = error.what();
        if (!text.ends_with('.') && !text.ends_with('?')) text += '.';
        print_error(text + " Use 'aldis bench --help' to see usage.");
    } catch (start_error const& error) {
        print_line(error.what());
    }
    return exit_code::failure;
}

} // namespace aldis::app
