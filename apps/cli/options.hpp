// What a command line of `pub`, `sub` and `rr` asks for, as plain data.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <aldis/codec/property.hpp>
#include <aldis/codec/types.hpp>
#include <aldis/transport/proxy.hpp>
#include <aldis/transport/tls.hpp>

namespace aldis::app {

enum class tool : std::uint8_t { pub = 1, sub = 2, rr = 4 };

/// "pub", "sub", "rr"
constexpr std::string_view name_of(tool which) noexcept { return which == tool::pub ? "pub" : which == tool::sub ? "sub" : "rr"; }

/// A mistake of the person at the keyboard: `what()` is one line without "Error: ".
struct usage_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Something that cannot be begun with: `what()` is the whole line, and the exit code is 1.
struct start_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// The commands that `-D` can give properties to.
enum class property_target : std::uint8_t { connect, publish, subscribe, unsubscribe, disconnect, will };
inline constexpr std::size_t property_targets = 6;

enum class protocol_choice : std::uint8_t { automatic, v3_1, v3_1_1, v5 };

enum class message_source : std::uint8_t { none, argument, null, file, whole_input, input_lines };

inline constexpr std::uint32_t never_expires = 0xFFFF'FFFF;

/// What was asked of TLS. It is on where one of the first six says so.
struct tls_choice {
    bool                                  asked = false;           // by mqtts:// or wss://, or by port 8883
    std::string                           ca_file{};
    std::string                           ca_directory{};
    bool                                  system_store = false;
    std::string                           psk{};                   // the key itself, not hexadecimal
    bool                                  accept_any = false;
    std::string                           psk_identity{};
    std::string                           revocations{};
    std::string                           certificate{};
    std::string                           key{};
    std::string                           key_form{};
    std::string                           ciphers{};               // of TLS 1.2
    std::string                           suites{};                // of TLS 1.3
    std::string                           alpn{};
    std::string                           key_log{};
    std::optional<transport::tls_version> lowest{};
    bool                                  any_name = false;

    bool is_on() const noexcept { return asked || !ca_file.empty() || !ca_directory.empty() || system_store || !psk.empty() || accept_any; }
};

struct websocket_choice {
    using header = std::pair<std::string, std::string>;

    bool                is_on = false;
    std::string         path = "/mqtt";                            // still encoded, as `query` is
    std::string         query{};
    std::vector<header> headers{};
};

struct connection_options {
    std::string                  host = "localhost";
    std::optional<std::uint16_t> port{};
    std::string                  unix_path{};                      // instead of host and port, where not empty
    std::string                  bind_address{};
    tls_choice                   tls{};
    websocket_choice             websocket{};
    std::optional<transport::proxy_options> proxy{};
    bool                         service_lookup = false;
    std::vector<std::string>     name_servers{};                   // for it; empty: those of the system
    std::uint16_t                keep_alive = 60;
    bool                         clean_start = true;
    std::optional<std::string>   client_id{};
    std::optional<std::string>   client_id_prefix{};
    std::optional<std::string>   user_name{};
    std::optional<std::string>   password{};
    protocol_choice              version = protocol_choice::automatic;
    std::optional<std::uint32_t> session_expiry{};
    std::uint16_t                max_in_flight = 20;
};

struct will_options {
    std::optional<std::string> topic{};
    std::optional<std::string> payload{};
    qos_level                  qos = qos_level::at_most_once;
    bool                       retain = false;
};

struct pub_options {
    message_source            source = message_source::none;
    std::string               message{};
    std::string               file{};
    bool                      retain = false;
    std::uint32_t             repeat = 1;
    std::chrono::microseconds repeat_delay{0};
};

struct sub_options {
    std::uint32_t              count = 0;                          // 0: no end
    std::chrono::seconds       timeout{0};                         // 0: none
    bool                       exit_after_subscribe = false;
    std::optional<std::string> format{};
    bool                       end_of_line = true;
    bool                       pretty = false;
    bool                       verbose = false;
    bool                       no_retained = false;
    bool                       retained_only = false;
    bool                       retain_as_published = false;
    bool                       remove_retained = false;
    double                     random_filter = 100.0;              // percent printed
    std::vector<std::string>   filter_out{};
    std::vector<std::string>   unsubscribe{};
};

/// The whole of a command line, options files included.
struct options {
    tool                                        which = tool::pub;
    std::string                                 program = "aldis pub";   // as error messages name it
    bool                                        stand_in = false;        // called by the name of the tool it replaces
    bool                                        help = false;
    bool                                        show_version = false;
    bool                                        debug = false;
    bool                                        packets = false;         // shown as `aldis dump` shows them
    std::string                                 capture{};               // a file for them; empty: none
    bool                                        quiet = false;
    qos_level                                   qos = qos_level::at_most_once;
    std::vector<std::string>                    topics{};          // pub and rr: one at most, the last given
    std::string                                 response_topic{};  // rr
    connection_options                          connection{};
    will_options                                will{};
    pub_options                                 pub{};
    sub_options                                 sub{};
    std::array<property_list, property_targets> properties{};
    std::vector<std::string>                    warnings{};        // told on standard error before anything else, unless quiet

    property_list&       properties_of(property_target target) { return properties[static_cast<std::size_t>(target)]; }
    property_list const& properties_of(property_target target) const { return properties[static_cast<std::size_t>(target)]; }
};

/// One option: what it is called, who has it, what it takes, and what it does to `options`.
struct option_row {
    using action = void (*)(options&, std::string_view value);

    std::string_view short_name;                                   // "-t", or "" where there is none
    std::string_view long_name;                                    // "--topic", or ""
    std::uint8_t     tools;                                        // a set of `tool`
    std::string_view argument;                                     // what the value is; "" for a flag
    action           apply;
    std::string_view help;

    bool             takes_value() const noexcept { return !argument.empty(); }
    bool             belongs_to(tool which) const noexcept { return (tools & static_cast<std::uint8_t>(which)) != 0; }
    std::string_view name() const noexcept { return short_name.empty() ? long_name : short_name; }
};

/// Every option of all three tools. `-D` is here too; its words arrive as one value, joined by '\0'.
std::vector<option_row> const& option_rows();

/// The row that `which` has under `name` ("-t" or "--topic"), or null.
option_row const* find_option(tool which, std::string_view name) noexcept;

/// Refuses options that do not go together, and fills in what follows from others. Called when all have been applied.
/// Throws usage_error.
void finish(options& given);

} // namespace aldis::app
