// Settings while they are being read: which listener the next line is about, and what was said before.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "keys.hpp"
#include "problems.hpp"
#include "settings.hpp"

namespace aldis::app::config {

class draft {
public:
    static constexpr std::size_t max_listeners = 256;

    explicit draft(problems& told) : told_(told) {}

    broker_settings& settings() noexcept { return settings_; }
    problems&        told() noexcept { return told_; }

    /// The one that lines are about: that of the last `listener`, or the one that `port` and `bind_address` open.
    listener_settings& listener() noexcept { return current_ ? settings_.listeners[*current_] : default_; }
    /// Of all listeners, or of that one.
    access_settings& access() noexcept { return settings_.per_listener ? listener().access : settings_.access; }

    /// False where there are too many.
    bool open_listener(listener_settings fresh);
    /// A line asks for the listener that needs no `listener`.
    void open_default(place const& at);

    /// True where a key of a listener or of access has been read.
    bool has_placed_keys() const noexcept { return has_placed_keys_; }

    /// Looks at where a key stands and whether it was there before, and tells. False: not to be applied.
    bool accepts(key_row const& row, place const& at);

    /// Makes whole what was read: the listener that nobody asked for, keys of listeners that are not there.
    void finish(place const& file);

private:
    struct early_key {
        std::string_view name;
        place            at;
    };

    bool is_repeated(key_row const& row, place const& at);
    void tell_of_early_keys();

    problems&                  told_;
    broker_settings            settings_{};
    listener_settings          default_{};
    std::optional<place>       default_opened_{};
    std::optional<std::size_t> current_{};
    std::vector<early_key>     early_{};                           // of a listener, above the first
    std::map<std::pair<key_row const*, std::size_t>, place> seen_{};
    bool                       has_placed_keys_ = false;
};

/// What can only be seen once all of it is there: keys that contradict or miss one another.
void check_whole(broker_settings const& settings, problems& told);

} // namespace aldis::app::config
