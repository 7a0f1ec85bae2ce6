// The program `aldis`: chooses the tool by its first word, or by the name it was called by.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include "bench/bench.hpp"
#include "broker/broker.hpp"
#include "cli/arguments.hpp"
#include "cli/exit_code.hpp"
#include "cli/options_file.hpp"
#include "cli/report.hpp"
#include "dump/dump.hpp"
#include "passwd/passwd.hpp"
#include "pub/pub.hpp"
#include "rr/rr.hpp"
#include "sub/sub.hpp"

namespace {

using namespace aldis::app;

struct tool_row {
    std::string_view name;
    tool             which;
    int (*run)(options const&);
    std::string_view what;
};

constexpr tool_row tools[]{
    {"pub", tool::pub, pub_run, "publish messages"},
    {"sub", tool::sub, sub_run, "subscribe and print messages"},
    {"rr", tool::rr, rr_run, "publish a request and print the answer"},
};

/// Tools with options of their own, which take the words behind their name.
struct own_tool_row {
    std::string_view name;
    int (*run)(std::vector<std::string> const& words);
    std::string_view what;
};

constexpr own_tool_row own_tools[]{
    {"bench", bench_run, "measure a broker: connections, publishing, receiving, round trips"},
    {"broker", broker_run, "serve MQTT to clients"},
    {"dump", dump_run, "show the packets of captures, interfaces and streams"},
    {"passwd", passwd_run, "write and check the password file of a broker"},
};

/// "pub, sub, dump"
std::string tool_names() {
    std::string names;
    for (auto const& row : tools) names += std::string{row.name} + ", ";
    for (auto const& row : own_tools) names += std::string{row.name} + ", ";
    return names.substr(0, names.size() - 2);
}

void print(std::string const& text) { std::fwrite(text.data(), 1, text.size(), stdout); }

std::string overview() {
    std::string text = "Usage: aldis <tool> [options]\n\n";
    auto const  add = [&](auto const& row) { text += "  aldis " + std::string{row.name} + std::string(9 - row.name.size(), ' ') + std::string{row.what} + "\n"; };
    for (auto const& row : tools) add(row);
    for (auto const& row : own_tools) add(row);
    return text + "\n  aldis <tool> --help    the options of a tool\n  aldis --version        the version\n";
}

// "Use ... --help" on the same line: an error is one line.
int usage_failure(options const& given, std::string text) {
    if (!text.ends_with('.') && !text.ends_with('?')) text += '.';
    print_error(text + " Use '" + given.program + " --help' to see usage.");
    return exit_code::failure;
}

int run_tool(tool_row const& row, options given, std::vector<std::string> const& words) {
    given.which = row.which;
    try {
        apply_options_file(given, options_files(row.which, [](char const* name) -> char const* { return std::getenv(name); }));
        apply_arguments(given, words);
        if (given.help) return print(help_text(row.which, given.program)), exit_code::success;
        if (given.show_version) return print(version_text(given.program)), exit_code::success;
        finish(given);
        return row.run(given);
    } catch (usage_error const& error) {
        return usage_failure(given, error.what());
    } catch (start_error const& error) {
        if (!given.quiet) print_line(error.what());
        return exit_code::failure;
    }
}

// Called as mosquitto_pub, aldis_sub, ...: that tool, with the defaults that scripts expect of it.
tool_row const* tool_by_own_name(std::string_view name) {
    for (auto const& row : tools)
        if (name.ends_with("_" + std::string{row.name})) return &row;
    return nullptr;
}

int run(std::vector<std::string> const& words) {
    auto const& path = words.front();
    auto const name = path.substr(path.rfind('/') + 1);
    options given;
    if (auto const* row = tool_by_own_name(name)) {
        given.program = name;
        given.stand_in = true;
        given.connection.version = row->which == tool::rr ? protocol_choice::v5 : protocol_choice::v3_1_1;
        return run_tool(*row, given, {words.begin() + 1, words.end()});
    }
    for (auto const& row : own_tools)
        if (name.ends_with("_" + std::string{row.name})) return row.run({words.begin() + 1, words.end()});
    auto const first = words.size() > 1 ? words[1] : std::string{};
    for (auto const& row : tools)
        if (first == row.name) {
            given.program = "aldis " + first;
            return run_tool(row, given, {words.begin() + 2, words.end()});
        }
    for (auto const& row : own_tools)
        if (first == row.name) return row.run({words.begin() + 2, words.end()});
    if (first == "--help") return print(overview()), exit_code::success;
    if (first == "--version") return print(version_text("aldis")), exit_code::success;
    print_error(first.empty() ? "No tool given, possible: " + tool_names() + ". Use 'aldis --help' to see usage."
                              : "Unknown tool '" + first + "', possible: " + tool_names() + ". Use 'aldis --help' to see usage.");
    return exit_code::failure;
}

} // namespace

int main(int argc, char* argv[]) {
    try {
        std::vector<std::string> words{argv, argv + argc};
        if (words.empty()) words.emplace_back("aldis");
        return run(words);
    } catch (std::exception const& error) {
        print_error(error.what());
        return exit_code::failure;
    }
}
