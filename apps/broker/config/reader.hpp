// A configuration file, and those that it includes, read into settings.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "files.hpp"
#include "problems.hpp"
#include "settings.hpp"

namespace aldis::app::config {

inline constexpr std::size_t max_file_size = 1U << 20U;
inline constexpr std::size_t max_line = 8'192;
inline constexpr std::size_t max_lines = 50'000;                   // of all files together
inline constexpr std::size_t max_included = 256;                   // files, of all include_dir together
inline constexpr std::size_t max_in_folder = 4'096;                // names, whatever they end with

/// Settings are whole, and to be used, where `told` has no errors.
struct configuration {
    broker_settings          settings{};
    problems                 told{};
    std::vector<std::string> read{};                               // the files, in order

    bool is_good() const noexcept { return told.errors() == 0; }
};

/// Lines as mosquitto.conf has them: `key value`, `#` before a remark; include_dir names a folder whose files with names in .conf are
/// read in their place, by name in order; one of these cannot include. All that is wrong is told, not only the first.
configuration read_configuration(std::string const& path, files& from);

/// The same for a text at hand, called `name` in what is told.
configuration parse_configuration(std::string_view text, std::string const& name, files& from);

/// What holds where there is no file: mqtt://localhost:1883, for this machine.
configuration default_configuration();

} // namespace aldis::app::config
