// Command lines read with CLI11: the only unit that includes it, since it takes seconds to compile.
#include "arguments.hpp"

#include <algorithm>
#include <array>
#include <map>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "properties.hpp"

namespace aldis::app {
namespace {

// A -D takes three words or four, by what its second one says; CLI11 counts only. So its words are joined to one before.
std::vector<std::string> join_properties(tool which, std::vector<std::string> const& words) {
    std::vector<std::string> out;
    for (std::size_t i = 0; i < words.size(); ++i) {
        out.push_back(words[i]);
        auto const* row = find_option(which, words[i]);
        if (row == nullptr || !row->takes_value() || i + 1 == words.size()) continue;
        if (row->short_name != "-D") {
            out.push_back(words[++i]);
            continue;
        }
        std::vector<std::string_view> property;
        while (i + 1 < words.size() && property.size() < words_of_property(property)) property.emplace_back(words[++i]);
        out.push_back(join_words(property));
    }
    return out;
}

std::string names_of(option_row const& row) {
    if (row.short_name.empty()) return std::string{row.long_name};
    return row.long_name.empty() ? std::string{row.short_name} : fmt::format("{},{}", row.short_name, row.long_name);
}

std::map<CLI::Option const*, option_row const*> declare_options(CLI::App& app, tool which) {
    std::map<CLI::Option const*, option_row const*> rows;
    app.set_help_flag();                                           // -h is the host
    app.allow_extras();
    for (auto const& row : option_rows()) {
        if (!row.belongs_to(which)) continue;
        auto* const option = row.takes_value() ? app.add_option(names_of(row)) : app.add_flag(names_of(row));
        if (row.takes_value()) option->expected(1)->allow_extra_args(false);
        option->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
        rows.emplace(option, &row);
    }
    return rows;
}

// The longest name that `word` and an option have most in common with is what was probably meant.
std::string suggestion(tool which, std::string_view word) {
    if (!word.starts_with("--")) return {};
    std::string_view best;
    std::size_t most = 4;                                          // "--" and two letters
    for (auto const& row : option_rows()) {
        if (!row.belongs_to(which)) continue;
        auto const [a, b] = std::mismatch(word.begin(), word.end(), row.long_name.begin(), row.long_name.end());
        auto const common = static_cast<std::size_t>(a - word.begin());
        if (common >= most) { best = row.long_name; most = common + 1; }
    }
    return best.empty() ? std::string{} : fmt::format(" Did you mean '{}'?", best);
}

struct tool_text {
    tool             which;
    std::string_view what;
    std::string_view usage;
};
constexpr std::array tool_texts{
    tool_text{tool::pub, "publishes messages to an MQTT broker and exits.", "-t topic {-m message | -f file | -l | -n | -s}"},
    tool_text{tool::sub, "subscribes at an MQTT broker and prints the messages it receives.", "-t filter [-t filter ...]"},
    tool_text{tool::rr, "publishes a request to an MQTT broker, prints the answer and exits.", "-t topic -e response-topic {-m message | -f file | -n | -s}"},
};
tool_text const& text_of(tool which) {
    return *std::find_if(tool_texts.begin(), tool_texts.end(), [&](tool_text const& each) { return each.which == which; });
}

} // namespace

void apply_arguments(options& given, std::vector<std::string> const& words) {
    CLI::App app{"", given.program};
    auto const rows = declare_options(app, given.which);
    auto reversed = join_properties(given.which, words);
    std::reverse(reversed.begin(), reversed.end());
    try {
        app.parse(std::move(reversed));
    } catch (CLI::ArgumentMismatch const&) {                       // only the last word can lack its value
        auto const* row = find_option(given.which, words.back());
        throw usage_error{fmt::format("{} argument given but no {} specified.", words.back(), row ? row->argument : "value")};
    } catch (CLI::ParseError const& error) {
        throw usage_error{error.what()};
    }
    if (auto const rest = app.remaining(); !rest.empty())
        throw usage_error{fmt::format("Unknown option '{}'.{}", rest.front(), suggestion(given.which, rest.front()))};

    std::map<CLI::Option const*, std::size_t> used;
    for (auto const* option : app.parse_order()) {
        auto const& row = *rows.at(option);
        row.apply(given, row.takes_value() ? option->results()[used[option]++] : std::string{});
    }
}

std::string help_text(tool which, std::string const& program) {
    auto const& about = text_of(which);
    auto        out = fmt::format("{} {}\n\nUsage: {} {} [options]\n\nOptions, each a word of its own:\n", program, about.what, program, about.usage);
    for (auto const& row : option_rows()) {
        if (!row.belongs_to(which) || row.help.ends_with("(not supported)")) continue;
        auto const separator = row.short_name.empty() ? "    " : row.long_name.empty() ? "" : ", ";
        auto const names = fmt::format("{}{}{}", row.short_name, separator, row.long_name);
        auto const left = row.takes_value() ? fmt::format("{} <{}>", names, row.argument) : names;
        if (left.size() > 34) out += fmt::format("  {}\n  {:34} {}\n", left, "", row.help);
        else out += fmt::format("  {:34} {}\n", left, row.help);
    }
    out += "\nDefaults can stand in ~/.config/aldis_" + std::string{name_of(which)} +
           ", one option a line. See docs/tools.md.\n";
    return out;
}

std::string version_text(std::string const& program) { return fmt::format("{} version {}\n", program, ALDIS_VERSION); }

} // namespace aldis::app
