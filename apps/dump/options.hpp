// What a command line of `aldis dump` asks for, as plain data.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <aldis/codec/types.hpp>
#include <aldis/follow/print_options.hpp>

#include "filters/filter_settings.hpp"

namespace aldis::app::dump {

using follow::payload_form;
using follow::print_options;
using follow::time_form;

enum class input_kind : std::uint8_t { none, capture, live, proxy, raw, hex };
enum class output_kind : std::uint8_t { lines, tree, json, fields };
enum class choice : std::uint8_t { automatic, yes, no };

/// The separators of -T fields, as tshark's -E has them.
struct field_options {
    std::vector<std::string> names{};
    bool                     header = false;
    std::string              separator = "\t";
    std::string              aggregator = ",";
    std::string              quote{};
    char                     occurrence = 'a';                     // a: all, f: the first, l: the last
};

struct settings : print_options {
    input_kind              input = input_kind::none;
    std::string             target{};                              // file, interface or LISTEN=TARGET, by `input`
    std::string             capture_filter{};
    std::string             key_log{};
    std::set<std::uint16_t> mqtt_ports{};
    std::optional<protocol> version{};
    filter_settings         filters{};

    output_kind   output = output_kind::lines;
    field_options fields{};
    choice        color = choice::automatic;
    choice        progress = choice::automatic;
    bool          check = false;
    bool          stats = false;
    std::string   extract{};                                       // folder or pattern, "-": standard output; empty: no
    std::uint64_t extract_most = 10'000;                           // files
    bool          extract_overwrite = false;
    bool          flows = true;                                    // conversations are followed: answers, sessions, rules of the state

    bool help = false;
    bool show_version = false;
    bool list_fields = false;
};

/// A mistake of the person at the keyboard: one line.
struct settings_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// One option. `short_name` is "-r", "" where there is none; `value` is what its value is called in the help, "" where it takes none.
/// Options are gathered from several tables: a stage of the pipeline brings its own.
struct option_row {
    std::string_view short_name;
    std::string_view long_name;
    std::string_view value;
    void (*apply)(settings& to, std::string const& value);
    std::string_view help;
};

/// The options under one headline of the help.
struct option_group {
    std::string_view            title;
    std::span<option_row const> rows;
};

/// All of them.
std::span<option_group const> option_groups() noexcept;

/// Reads the words behind `aldis dump`. Throws settings_error.
settings read_settings(std::vector<std::string> const& words);

/// The text of --help.
std::string settings_help();

} // namespace aldis::app::dump
