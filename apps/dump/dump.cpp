// `aldis dump`: opens the input, puts the pipeline together, and runs it.
#include "dump.hpp"

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include <unistd.h>

#include "cli/arguments.hpp"
#include "cli/report.hpp"
#include "inputs.hpp"
#include "options.hpp"
#include "output/columns.hpp"
#include "output/printers.hpp"
#include "packets/streams.hpp"
#include "pipeline.hpp"
#include "progress_line.hpp"

namespace aldis::app {
namespace {

using namespace dump;

namespace exit_status {
constexpr int done = 0, failure = 1, violations = 3;
}

std::unique_ptr<source> open_input(settings const& s) {
    auto const options = capture_options{}.key_log(s.key_log);
    switch (s.input) {
    case input_kind::live: return open_live(s.target, s.capture_filter, options);
    case input_kind::raw: return open_stream(s.target, stream_form::detect, 0);
    case input_kind::hex: return open_stream(s.target, stream_form::text, 0);
    case input_kind::proxy: {
        auto const cut = s.target.find('=');
        if (cut == std::string::npos) throw settings_error{"--proxy takes LISTEN=TARGET, as in 1884=broker:1883"};
        return open_proxy(s.target.substr(0, cut), s.target.substr(cut + 1), options);
    }
    default: return open_capture(s.target, options);
    }
}

bool wants_color(settings const& s) {
    if (s.color != choice::automatic) return s.color == choice::yes;
    char const* const refused = std::getenv("NO_COLOR");
    return ::isatty(STDOUT_FILENO) == 1 && (refused == nullptr || *refused == '\0');
}

// Ctrl-C ends the input, so that what is held is shown and the exit status is right.
source* running = nullptr;
void    on_signal(int) {
    if (running != nullptr) running->stop();
}

class interruptible {
public:
    explicit interruptible(source& s) {
        running = &s;
        std::signal(SIGINT, on_signal);
        std::signal(SIGTERM, on_signal);
    }
    interruptible(interruptible const&) = delete;
    interruptible& operator=(interruptible const&) = delete;
    ~interruptible() {
        std::signal(SIGINT, SIG_DFL);
        std::signal(SIGTERM, SIG_DFL);
        running = nullptr;
    }
};

bool is_live(settings const& s) { return s.input == input_kind::live || s.input == input_kind::proxy; }

int show(settings const& s) {
    constexpr std::int64_t patience = 2'000'000'000;               // nanoseconds that live packets wait for a decision
    auto const      input = open_input(s);
    bool const      at_once = is_live(s) || ::isatty(STDOUT_FILENO) == 1;
    auto            out = standard_output();
    auto const      last = make_printer(out, s, wants_color(s), at_once);
    pipeline_stages stages{s, *last};
    stream_options  options;
    options.packets.version = s.version;
    options.mqtt_ports = s.mqtt_ports;
    options.max_wait = is_live(s) ? patience : 0;
    streams             in{stages.first(), options};
    progress_line       progress{*input, wants_progress(s.progress), real_surroundings()};
    interruptible const guard{*input};
    try {
        while (input->step(in)) progress.step();
    } catch (input_error const&) {
        in.finish();                                               // what came before the fault is shown
        progress.clear();
        throw;
    }
    in.finish();
    progress.clear();
    return s.check && stages.found_violations() ? exit_status::violations : exit_status::done;
}

int run(std::vector<std::string> const& words) {
    auto const print = [](std::string const& text) { std::fwrite(text.data(), 1, text.size(), stdout); };
    auto const s = read_settings(words);
    if (s.help) return print(settings_help()), exit_status::done;
    if (s.show_version) return print(version_text("aldis dump")), exit_status::done;
    if (s.list_fields) return print(column_list()), exit_status::done;
    return show(s);
}

} // namespace

int dump_run(std::vector<std::string> const& words) {
    try {
        return run(words);
    } catch (settings_error const& error) {
        print_error(std::string{error.what()} + ". Use 'aldis dump --help' to see usage.");
    } catch (std::exception const& error) {
        print_error(error.what());
    }
    return exit_status::failure;
}

} // namespace aldis::app
