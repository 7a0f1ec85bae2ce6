// Log lines: to files, standard streams and syslog.
#include "log.hpp"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <ctime>
#include <string>

#include <syslog.h>

#include "cli/terminal.hpp"

namespace aldis::app {
namespace {

unsigned kind_of(log_level level) noexcept { return 1U << static_cast<unsigned>(level); }

std::string time_text(config::located const& format) {
    auto const now = std::chrono::system_clock::now();
    auto const seconds = std::chrono::system_clock::to_time_t(now);
    std::tm    parts{};
    char       text[256];
    if (format.is_given()) {
        ::localtime_r(&seconds, &parts);
        auto const size = std::strftime(text, sizeof text, format.text.c_str(), &parts);
        return {text, size};
    }
    ::gmtime_r(&seconds, &parts);
    auto const size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
    auto const thousandths = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1'000;
    std::snprintf(text + size, sizeof text - size, ".%03dZ", static_cast<int>(thousandths));
    return text;
}

constexpr int syslog_levels[]{LOG_ERR, LOG_WARNING, LOG_NOTICE, LOG_INFO, LOG_DEBUG};
constexpr int facilities[]{LOG_LOCAL0, LOG_LOCAL1, LOG_LOCAL2, LOG_LOCAL3, LOG_LOCAL4, LOG_LOCAL5, LOG_LOCAL6, LOG_LOCAL7, LOG_DAEMON};

void put(std::FILE* to, std::string const& line) {
    std::fwrite(line.data(), 1, line.size(), to);
    std::fflush(to);
}

} // namespace

void broker_log::open(config::log_settings settings, bool is_verbose, config::problems& told) {
    std::unique_ptr<std::FILE, close_file> file;
    if (settings.to_file.is_given()) {
        file.reset(std::fopen(settings.to_file.text.c_str(), "ae"));
        if (!file) return told.error(settings.to_file.at, "log_dest", "the file cannot be opened: " + std::string(std::strerror(errno)), "make its folder, or let the broker write there");
    }
    unsigned const usual = config::log_error | config::log_warning | config::log_notice | config::log_information;
    kinds_ = is_verbose ? usual | config::log_debug : settings.kinds.value_or(usual);
    file_ = std::move(file);
    settings_ = std::move(settings);
    if (!settings_.is_chosen) settings_.to_stderr = true;
    if (settings_.to_syslog) ::openlog("aldis", LOG_PID, facilities[settings_.facility]);
}

void broker_log::write_of_broker(log_level level, std::string_view text) {
    if (settings_.connection_messages || level != log_level::notice) write(level, text);
}

void broker_log::write(log_level level, std::string_view text) {
    if ((kinds_ & kind_of(level)) == 0) return;
    auto const shown = visible(text);
    if (settings_.to_syslog) ::syslog(syslog_levels[static_cast<unsigned>(level)], "%s", shown.c_str());
    if (!settings_.to_stdout && !settings_.to_stderr && !file_) return;
    auto const line = (settings_.timestamp ? time_text(settings_.timestamp_format) + ' ' : std::string()) + std::string(name_of(level)) + ": " + shown + '\n';
    if (settings_.to_stdout) put(stdout, line);
    if (settings_.to_stderr) put(stderr, line);
    if (file_) put(file_.get(), line);
}

log_level broker_log::most() const noexcept {
    for (auto level : {log_level::debug, log_level::info, log_level::notice, log_level::warning})
        if ((kinds_ & kind_of(level)) != 0) return level;
    return log_level::error;
}

} // namespace aldis::app
