// SCRAM-SHA-256 (RFC 5802, RFC 7677), both sides, without channel binding: who knows a password proves it without saying it, and is shown
// that the other side knows it too. Texts in, texts out; what carries them is the caller's affair.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <aldis/codec/bytes.hpp>
#include <aldis/codec/result.hpp>

namespace aldis::access {

/// Why a conversation ends.
enum class scram_fault : std::uint8_t {
    not_ascii,         // name or password has more than printable ASCII, or nothing at all: SASLprep is not done here
    malformed,         // no message of this method, or one that comes out of turn
    not_supported,     // channel binding, an authorisation identity, or an extension that must be understood
    wrong_nonce,       // the message belongs to another conversation
    too_few_rounds,    // below scram_limits: the password could be guessed from what is said
    too_many_rounds,   // above scram_limits: it would cost too much
    not_proven,        // the other side does not know the password
};

/// One sentence.
std::string_view text_of(scram_fault why) noexcept;

template <class T>
using scram_result = codec::result<T, scram_fault>;

/// How often a server may have the client hash the password. RFC 7677 wants 4,096 at least; each costs up to a microsecond.
class scram_limits {
public:
    constexpr scram_limits() = default;
    constexpr scram_limits(std::uint32_t least, std::uint32_t most) noexcept : least_(least), most_(most) {}

    constexpr std::uint32_t least() const noexcept { return least_; }
    constexpr std::uint32_t most() const noexcept { return most_; }

private:
    std::uint32_t least_ = 4'096;
    std::uint32_t most_ = 200'000;
};

using scram_key = std::array<std::byte, 32>;

/// What a server keeps of a password: enough to check it, not enough to log in elsewhere. Written as
/// `SCRAM-SHA-256$<rounds>:<salt>$<stored key>:<server key>`, salt and keys in base64.
class scram_secret {
public:
    static constexpr std::uint32_t default_rounds = 10'000, max_rounds = 10'000'000;

    /// From a password, with a salt of its own. Throws std::invalid_argument for a password that is not printable ASCII or `rounds` of 0 or above
    /// max_rounds; std::runtime_error when there are no random numbers. Costs `rounds` hashes.
    static scram_secret make(std::string_view password, std::uint32_t rounds = default_rounds);
    static scram_secret make(std::string_view password, std::uint32_t rounds, byte_buffer salt);
    /// Nothing where `text` is not of that form.
    static std::optional<scram_secret> parse(std::string_view text);
    std::string                        text() const;

    std::uint32_t      rounds() const noexcept { return rounds_; }
    bytes_view         salt() const noexcept { return salt_; }
    scram_key const&   stored_key() const noexcept { return stored_key_; }
    scram_key const&   server_key() const noexcept { return server_key_; }

private:
    std::uint32_t rounds_ = 0;
    byte_buffer   salt_{};
    scram_key     stored_key_{};
    scram_key     server_key_{};
};

/// The side that logs in; conversation after conversation.
class scram_client {
public:
    scram_client(std::string user_name, std::string password, scram_limits limits = {})
        : user_name_(std::move(user_name)), password_(std::move(password)), limits_(limits) {}

    /// What is wrong with name or password: not_ascii.
    std::optional<scram_fault> flaw() const noexcept;

    /// Begins a conversation, and forgets the last one: client-first-message. `nonce`, printable and without comma, replaces the random one: for tests.
    /// Throws std::runtime_error when there are no random numbers.
    std::string first(std::string_view nonce = {});
    /// The answer to server-first-message: client-final-message. Any fault but not_proven. Costs the rounds that the server asks for.
    scram_result<std::string> answer(std::string_view server_first);
    /// Whether server-final-message proves that the server knows the password: malformed or not_proven where not. Once for each conversation.
    scram_result<void> check(std::string_view server_final);

private:
    std::string prove(std::string_view server_first, std::string_view nonce, bytes_view salt, std::uint32_t rounds);

    std::string              user_name_;
    std::string              password_;
    scram_limits             limits_;
    std::string              nonce_{};                             // empty: no conversation, or it is past that point
    std::string              bare_{};                              // client-first-message-bare
    std::optional<scram_key> expected_{};                          // the server's signature
};

/// The side that lets in, for one conversation.
class scram_server {
public:
    /// What is kept of a user's password; nothing for a user who does not exist.
    using lookup = std::function<std::optional<scram_secret>(std::string_view user_name)>;

    explicit scram_server(lookup find) : find_(std::move(find)) {}

    /// server-first-message for a client-first-message. A user who does not exist is asked like any other, always with the same salt and
    /// scram_secret::default_rounds, and refused at the end: where all users have that many, nobody can tell who exists. malformed, not_supported. `nonce` as in scram_client::first().
    scram_result<std::string> challenge(std::string_view client_first, std::string_view nonce = {});
    /// server-final-message for a client-final-message: the client is who it says. malformed, wrong_nonce, not_proven.
    scram_result<std::string> finish(std::string_view client_final);

    /// Who it says it is, from challenge() on; who it is, once finish() has succeeded.
    std::string const& user_name() const noexcept { return user_name_; }

private:
    lookup                      find_;
    std::string                 user_name_{};
    std::string                 nonce_{};                          // both sides'; empty: no conversation
    std::string                 said_{};                           // client-first-message-bare and server-first-message
    std::string                 binding_{};                        // what the client has to repeat of its header
    std::optional<scram_secret> secret_{};
    bool                        exists_ = false;
};

} // namespace aldis::access
