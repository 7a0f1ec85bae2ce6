// The keys of a configuration file: one row for each says what it takes, where it stands and what becomes of it.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "settings.hpp"
#include "value.hpp"

namespace aldis::app::config {

class draft;
struct key_row;

/// One line that was read.
struct given_value {
    key_row const& row;
    value const&   what;
    place const&   at;
};

enum class key_scope : std::uint8_t {
    global,
    listener,                                                      // of the listener line above it
    access,                                                        // global, or with per_listener_settings of that listener
    bridge,                                                        // behind `connection`
};

enum class key_fate : std::uint8_t {
    used,
    include,                                                       // include_dir, which the reader follows
    ignored,                                                       // a warning, since Aldis has no such thing
    refused,                                                       // an error, since without it less would be safe
};

struct key_row {
    std::string_view name;                                         // with a '_' at its end: all keys that begin so
    key_scope        scope = key_scope::global;
    key_fate         fate = key_fate::used;
    bool             repeats = false;                              // may stand several times, and each adds something
    value_rule       rule{};
    void (*apply)(draft& into, given_value const& given) = nullptr;
    std::string_view harmless{};                                   // the value with which an ignored or refused key says nothing
    std::string_view what{};                                       // why it is not used
    std::string_view advice{};                                     // what to do instead

    constexpr bool is_prefix() const noexcept { return name.ends_with('_'); }
};

/// All of them, by their names in order; prefixes last.
std::span<key_row const> key_rows() noexcept;

/// Null where nobody knows the key.
key_row const* find_key(std::string_view name) noexcept;

/// The key that was probably meant; empty where none is near.
std::string_view nearest_key(std::string_view name);

// Those that are more than a value to keep; in special.cpp.
void apply_listener(draft& into, given_value const& given);
void apply_per_listener_settings(draft& into, given_value const& given);
void apply_port(draft& into, given_value const& given);
void apply_bind_address(draft& into, given_value const& given);
void apply_max_connections(draft& into, given_value const& given);
void apply_global_max_connections(draft& into, given_value const& given);
void apply_proxy_protocol(draft& into, given_value const& given);
void apply_websockets_origin(draft& into, given_value const& given);
void apply_persistence(draft& into, given_value const& given);
void apply_log_dest(draft& into, given_value const& given);
void apply_log_type(draft& into, given_value const& given);
void apply_tls_version(draft& into, given_value const& given);

} // namespace aldis::app::config
