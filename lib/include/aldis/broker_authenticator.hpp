// Enhanced authentication (MQTT 5.0, 4.12): the broker's side of a method, and SCRAM-SHA-256 ready-made.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <aldis/access/scram.hpp>
#include <aldis/broker_hooks.hpp>
#include <aldis/codec/bytes.hpp>
#include <aldis/codec/reason.hpp>

namespace aldis {

/// What a client's step leads to.
class authentication_step {
public:
    /// AUTH with this data: the client has to say more.
    static authentication_step challenge(byte_buffer data) { return {reason_code::continue_authentication, std::move(data), {}}; }
    /// The client is who it says: CONNACK, or AUTH where it was let in already, with this last data. The session belongs to `user_name`.
    static authentication_step accept(std::string user_name, byte_buffer last = {}) { return {reason_code::success, std::move(last), std::move(user_name)}; }
    /// With a reason from 0x80.
    static authentication_step refuse(reason_code why = reason_code::not_authorized) { return {is_error(why) ? why : reason_code::not_authorized, {}, {}}; }

    reason_code        reason() const noexcept { return reason_; }
    byte_buffer const& data() const noexcept { return data_; }
    std::string const& user_name() const noexcept { return user_name_; }

private:
    authentication_step(reason_code reason, byte_buffer data, std::string user_name)
        : data_(std::move(data)), user_name_(std::move(user_name)), reason_(reason) {}

    byte_buffer data_;
    std::string user_name_;
    reason_code reason_;
};

/// The side of an authentication method that lets in, for one connection; the counterpart of aldis::authenticator. Used from the broker's executor.
///
///     begin() -> challenge -> [ step() -> challenge ] ... -> accept or refuse
class server_authenticator {
public:
    /// Takes what a step leads to, at once or later, on the broker's executor. Only the first call counts, and it is harmless when the connection is
    /// gone. Until then the limit on connecting runs.
    using reply = std::function<void(authentication_step)>;

    virtual ~server_authenticator() = default;

    /// A conversation begins, with CONNECT, or later where the client authenticates again; what was said before is forgotten. `data` is what came with
    /// it, possibly nothing, and lives until the call returns, here and below.
    virtual void begin(bytes_view data, reply answer) = 0;
    virtual void step(bytes_view data, reply answer) = 0;
};

/// Asked for each CONNECT that names a method; null where there is no such method: 0x8C. Nothing else is asked about such a client, and nothing of its
/// session is touched before it is accepted.
using enhanced_hook = std::function<std::unique_ptr<server_authenticator>(std::string_view method, connecting_client const&)>;

/// SCRAM-SHA-256 (RFC 5802, RFC 7677) without channel binding, under that name. `find` gives what is kept of a user's password, which
/// access::scram_secret::make() has made; it is called in each conversation. Costs a few hashes.
enhanced_hook scram_sha_256(access::scram_server::lookup find);

} // namespace aldis
