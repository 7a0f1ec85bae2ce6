// What is wrong with a configuration: all of it in one pass, each with its place, and what to try.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "settings.hpp"

namespace aldis::app::config {

enum class severity : std::uint8_t { warning, error };

struct problem {
    severity    how = severity::error;
    place       at{};
    std::string key{};                                             // as it stands there; empty where it is about the file
    std::string what{};
    std::string advice{};                                          // what to try; may be empty
};

/// "mosquitto.conf:12: error: max_qos: 3 is more than 2; try 0, 1 or 2". Printable ASCII and well-formed UTF-8, one line.
std::string to_string(problem const& each);

/// `text` in quotes for a message: without control characters, and not long.
std::string quoted(std::string_view text);

/// Problems in the order in which they were found, no more than `most` of them; all are counted.
class problems {
public:
    static constexpr std::size_t most = 200;

    void add(problem each);
    void error(place const& at, std::string_view key, std::string what, std::string advice = {}) {
        add({severity::error, at, std::string(key), std::move(what), std::move(advice)});
    }
    void warn(place const& at, std::string_view key, std::string what, std::string advice = {}) {
        add({severity::warning, at, std::string(key), std::move(what), std::move(advice)});
    }

    std::vector<problem> const& list() const noexcept { return list_; }
    std::size_t                 errors() const noexcept { return errors_; }
    std::size_t                 warnings() const noexcept { return warnings_; }
    /// How many were found beyond those in the list.
    std::size_t left_out() const noexcept { return errors_ + warnings_ - list_.size(); }

private:
    std::vector<problem> list_{};
    std::size_t          errors_ = 0;
    std::size_t          warnings_ = 0;
};

} // namespace aldis::app::config
