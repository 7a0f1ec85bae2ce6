// Users and their hashed passwords, in the format of mosquitto's password_file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <aldis/access/file_error.hpp>
#include <aldis/codec/bytes.hpp>

namespace aldis::access {

/// How new passwords are kept: PBKDF2 over HMAC-SHA-512 ("$7$"), or SHA-512 once ("$6$"), which only mosquitto 1.6 and older need.
/// Checking a password costs about a microsecond an iteration; files that mosquitto wrote have 101.
struct password_hash {
    enum class kind : std::uint8_t { sha512_pbkdf2, sha512 };

    kind          how = kind::sha512_pbkdf2;
    std::uint32_t iterations = 1'000;                              // 1 to max_iterations

    static constexpr std::uint32_t max_iterations = 10'000'000;
};

/// Lines `user:$7$iterations$salt$hash` or `user:$6$salt$hash`, salt and hash in base64; empty lines and those that begin with `#` are kept
/// and mean nothing. At most 16 MiB. Users are unique; names are compared byte by byte.
class password_file {
public:
    password_file() = default;

    /// Takes `text` for the content of a file called `name`. Throws file_error with the number of the line that is wrong.
    static password_file parse(std::string_view text, std::string_view name = "password file");
    /// A file of passwords as they are typed, `user:password`, which are hashed on the way.
    static password_file parse_plain(std::string_view text, password_hash how = {}, std::string_view name = "password file");
    static password_file load(std::string const& path);
    static password_file load_plain(std::string const& path, password_hash how = {});

    /// Replaces `path` in one step, as the same owner with the same permissions; a new file can be read by its owner only. Throws file_error;
    /// the old file is whole then.
    void save(std::string const& path) const;
    /// As a file.
    std::string text() const;

    /// Whether `password` is the one of `user`. Takes as long for a user who does not exist.
    bool check(std::string_view user, bytes_view password) const;

    bool        contains(std::string_view user) const { return places_.count(std::string(user)) != 0; }
    std::size_t size() const noexcept { return places_.size(); }

    /// Adds a user, or changes the password. Throws std::invalid_argument for names that a file can not hold (empty, not MQTT text, with `:`,
    /// beginning with `#`), an empty password, or iterations out of range.
    void put(std::string_view user, bytes_view password, password_hash how = {});
    /// False when there is no such user.
    bool remove(std::string_view user);

private:
    struct secret {
        password_hash how{};
        byte_buffer   salt{};
        byte_buffer   hash{};
    };
    struct line {
        std::string text{};                                        // a comment, where there is no user
        std::string user{};
        secret      kept{};
    };

    template <class ReadSecret>
    static password_file parse_lines(std::string_view text, std::string_view name, ReadSecret read);
    static secret        make_secret(bytes_view password, password_hash how);
    static secret        read_secret(std::string_view text);
    static bool          is_of(secret const& kept, bytes_view password);
    void                 add(line entry);

    std::vector<line>                            lines_{};
    std::unordered_map<std::string, std::size_t> places_{};        // of users, in lines_
};

} // namespace aldis::access
