// Where the broker's log lines go, and how they look.
#pragma once

#include <cstdio>
#include <memory>
#include <string_view>

#include <aldis/log.hpp>

#include "config/problems.hpp"
#include "config/settings.hpp"

namespace aldis::app {

class broker_log {
public:
    broker_log() = default;

    /// Opens what the settings name; a file that cannot be opened is told, and nothing is changed then. For a file that was moved away
    /// it begins a new one.
    void open(config::log_settings settings, bool is_verbose, config::problems& told);

    /// One line: time, level, text; what a terminal would take for commands is escaped. Of a kind that is not wanted: nothing.
    void write(log_level level, std::string_view text);
    /// The same for what the broker says of connections, which connection_messages leaves out.
    void write_of_broker(log_level level, std::string_view text);

    /// The last level that has a kind of its own among the wanted.
    log_level most() const noexcept;

private:
    struct close_file {
        void operator()(std::FILE* file) const noexcept { std::fclose(file); }
    };

    config::log_settings                   settings_{};
    unsigned                               kinds_ = config::log_error | config::log_warning | config::log_notice | config::log_information;
    std::unique_ptr<std::FILE, close_file> file_{};
};

} // namespace aldis::app
