// Enhanced authentication (MQTT 5.0, 4.12): the client's side of a method, and SCRAM-SHA-256 ready-made.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <aldis/access/scram.hpp>
#include <aldis/codec/bytes.hpp>
#include <aldis/error.hpp>

namespace aldis {

/// One side of a conversation that proves who speaks: what it says goes into the Authentication Data of CONNECT and AUTH, what the server says
/// comes from there. Serves one client, which asks it on its executor, one conversation after the other; each begin() forgets the last one.
///
///     begin() -> [ step() -> reply ] ... -> finish()
///
/// An error it gives ends the connection with cause_kind::authentication, after which a reconnect policy makes no further attempt by default.
class authenticator {
public:
    /// Takes what a step leads to: what to say, or why not to go on. From any thread, at once or later; only the first call counts, and it is
    /// harmless when the connection, the client or its loop is gone. connect_options::connect_timeout() runs meanwhile.
    using reply = std::function<void(error_code, byte_buffer)>;

    virtual ~authenticator() = default;

    /// The Authentication Method, as the server knows it.
    virtual std::string_view method() const noexcept = 0;
    /// What no conversation can begin with, such as a name that the method has no form for: told as by any other option.
    virtual error_code flaw() const { return {}; }
    /// Begins a conversation, with CONNECT or to authenticate again: its first data, possibly none.
    virtual byte_buffer begin() = 0;
    /// The server wants more. `challenge` lives until the call returns.
    virtual void step(bytes_view challenge, reply answer) = 0;
    /// The server is content: whether we are, given its last data. Nothing of ours has gone to it yet but the steps.
    virtual error_code finish(bytes_view last) = 0;
};

/// SCRAM-SHA-256 (RFC 5802, RFC 7677) without channel binding: the password is not sent, and the server proves that it knows it too. Fails with
/// error::authentication_not_ascii where name or password would need SASLprep, and while it runs with authentication_malformed, authentication_weak,
/// authentication_costly and authentication_failed. A step hashes as often as the server asks within `limits`, some milliseconds for 10,000 rounds: on
/// a thread of its own, which destroying the authenticator waits for.
std::shared_ptr<authenticator> make_scram_sha_256(std::string user_name, std::string password, access::scram_limits limits = {});

} // namespace aldis
