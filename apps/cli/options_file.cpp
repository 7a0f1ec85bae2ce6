// Options from a file.
#include "options_file.hpp"

#include <cstdio>
#include <memory>

#include <fmt/format.h>

#include "properties.hpp"

namespace aldis::app {
namespace {

constexpr std::size_t longest_line = 1023;
constexpr std::size_t largest_file = 1U << 20;

struct close_file { void operator()(std::FILE* file) const noexcept { std::fclose(file); } };

std::optional<std::string> read_small_file(std::string const& path) {
    std::unique_ptr<std::FILE, close_file> const file{std::fopen(path.c_str(), "rb")};
    if (!file) return std::nullopt;
    std::string text;
    char piece[4096];
    while (auto const n = std::fread(piece, 1, sizeof piece, file.get())) {
        text.append(piece, n);
        if (text.size() > largest_file) throw usage_error{fmt::format("Options file {} is longer than {} bytes.", path, largest_file)};
    }
    return text;
}

file_option split_line(std::string_view line, std::size_t number) {
    auto const space = line.find(' ');
    file_option found{std::string{line.substr(0, space)}, {}, false, number};
    if (space != line.npos && space + 1 < line.size()) {
        found.value = line.substr(space + 1);
        found.has_value = true;
    }
    return found;
}

// A property's words are separated by spaces; what follows the last separator is the value, spaces included.
std::string words_in(std::string_view text) {
    std::vector<std::string_view> words;
    while (!text.empty() && words.size() + 1 < words_of_property(words)) {
        auto const space = text.find(' ');
        if (space == text.npos) break;
        if (space > 0) words.push_back(text.substr(0, space));
        text.remove_prefix(space + 1);
    }
    words.push_back(text);
    return join_words(words);
}

void apply_one(options& given, file_option const& option) {
    auto const* row = find_option(given.which, option.name);
    if (row == nullptr) throw usage_error{fmt::format("Unknown option '{}'.", option.name)};
    if (row->takes_value() && !option.has_value)
        throw usage_error{fmt::format("{} argument given but no {} specified.", option.name, row->argument)};
    row->apply(given, row->short_name == "-D" ? words_in(option.value) : option.value);
}

} // namespace

std::vector<file_option> read_options_text(std::string_view text) {
    std::vector<file_option> found;
    for (std::size_t number = 1; !text.empty(); ++number) {
        auto const end = text.find('\n');
        auto line = text.substr(0, end);
        text.remove_prefix(end == text.npos ? text.size() : end + 1);
        if (line.size() > longest_line) throw usage_error{fmt::format("line {}: longer than {} bytes.", number, longest_line)};
        while (line.ends_with('\r')) line.remove_suffix(1);
        if (line.starts_with('#')) continue;
        while (line.starts_with(' ')) line.remove_prefix(1);
        if (!line.empty()) found.push_back(split_line(line, number));
    }
    return found;
}

std::vector<std::string> options_files(tool which, std::function<char const*(char const*)> const& environment) {
    std::string folder;
    if (auto const* xdg = environment("XDG_CONFIG_HOME")) folder = xdg;
    else if (auto const* home = environment("HOME")) folder = std::string{home} + "/.config";
    else return {};
    auto const suffix = name_of(which);
    return {fmt::format("{}/aldis_{}", folder, suffix), fmt::format("{}/mosquitto_{}", folder, suffix)};
}

void apply_options_file(options& given, std::vector<std::string> const& paths) {
    for (auto const& path : paths) {
        auto const text = read_small_file(path);
        if (!text) continue;
        std::size_t line = 0;
        try {
            for (auto const& option : read_options_text(*text)) {
                line = option.line;
                apply_one(given, option);
            }
        } catch (usage_error const& error) {
            throw usage_error{fmt::format("{} (in {}{})", error.what(), path, line == 0 ? "" : fmt::format(" line {}", line))};
        }
        return;
    }
}

} // namespace aldis::app
