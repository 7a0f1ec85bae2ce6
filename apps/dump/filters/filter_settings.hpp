// What the filters of `aldis dump` let through, as plain data, and their options.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace aldis::app::dump {

/// Each is empty where it asks for nothing. A packet passes when every one that is not empty holds; of one, any of its values is enough.
struct filter_settings {
    std::vector<std::string>  topics{};                            // valid topic filters, without $share/name/
    std::vector<std::string>  clients{};                           // patterns: * any characters, ? one
    std::vector<std::string>  hosts{};                             // addresses as they are printed
    std::set<unsigned>        types{};                             // 1 to 15
    std::set<unsigned>        qos{};                               // 0 to 2
    std::set<std::uint32_t>   streams{};
    std::set<std::uint16_t>   ports{};

    bool any() const noexcept {
        return !topics.empty() || !clients.empty() || !hosts.empty() || !types.empty() || !qos.empty() || !streams.empty() || !ports.empty();
    }
};

/// Add the value of an option; throw settings_error that says what is wrong with it and what to try.
void add_topic(filter_settings& to, std::string const& text);
void add_client(filter_settings& to, std::string const& text);
void add_host(filter_settings& to, std::string const& text);
void add_types(filter_settings& to, std::string const& list);
void add_qos(filter_settings& to, std::string const& list);
void add_streams(filter_settings& to, std::string const& list);
void add_ports(filter_settings& to, std::string const& list);

/// True when `text` is like `pattern`: `*` stands for any characters, `?` for one byte. No recursion, no allocation; at worst the product
/// of both lengths.
bool is_like(std::string_view pattern, std::string_view text) noexcept;

} // namespace aldis::app::dump
