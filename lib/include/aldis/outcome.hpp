// What operations bring back: the peer's reason code and properties, owned.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <aldis/codec/property.hpp>
#include <aldis/codec/reason.hpp>
#include <aldis/session/event.hpp>
#include <aldis/session/limits.hpp>

namespace aldis {

/// A reason code and properties as they came in an acknowledgement. Success without properties when there was none.
class answer {
public:
    answer() = default;
    explicit answer(reason_code reason, aldis::properties const& props = {}) : props_(props), reason_(reason) {}

    reason_code          reason() const noexcept { return reason_; }
    property_list const& props() const noexcept { return props_; }

    /// What the peer adds for people; empty when it did not. Hostile: escape it before it goes to a terminal.
    std::string_view reason_string() const noexcept;

private:
    property_list props_{};
    reason_code   reason_ = reason_code::success;
};

/// How a PUBLISH ended: the reason of PUBACK or PUBREC; success at QoS 0.
class publish_result : public answer {
public:
    using answer::answer;
};

/// CONNACK, and what holds on this connection.
class connect_result : public answer {
public:
    connect_result() = default;
    connect_result(reason_code reason, aldis::properties const& props, bool session_present)
        : answer(reason, props), session_present_(session_present) {}

    /// The server continues an earlier session: subscriptions are still there.
    bool                   session_present() const noexcept { return session_present_; }
    /// The one in use: ours, or assigned by the server.
    std::string const&     client_id() const noexcept { return client_id_; }
    /// Seconds; the server's word counts.
    std::uint16_t          keep_alive() const noexcept { return keep_alive_; }
    /// What the server allows.
    session::limits const& limits() const noexcept { return limits_; }
    /// Where else to try; empty when not said.
    std::string_view       server_reference() const noexcept;
    /// Why the transport failed, in a line for people: "the certificate expired on 2026-01-31 12:00:00 UTC"; empty where the error code says
    /// it all. Printable.
    std::string const&     detail() const noexcept { return detail_; }

    connect_result& detail(std::string text) { detail_ = std::move(text); return *this; }
    connect_result& in_use(std::string client_id, std::uint16_t keep_alive, session::limits const& allowed);

private:
    std::string     client_id_{};
    std::string     detail_{};
    session::limits limits_{};
    std::uint16_t   keep_alive_ = 0;
    bool            session_present_ = false;
};

/// SUBACK or UNSUBACK: one reason code for each filter, in the order asked. reason() is the first refusal among them, or success;
/// an UNSUBACK of 3.1.1 has no codes.
class subscribe_result : public answer {
public:
    subscribe_result() = default;
    subscribe_result(reason_codes const& codes, aldis::properties const& props);

    std::vector<reason_code> const& codes() const& noexcept { return codes_; }
    std::vector<reason_code>        codes() && noexcept { return std::move(codes_); }
    /// How many of them are refusals.
    std::size_t                     refused() const noexcept;

private:
    std::vector<reason_code> codes_{};
};
using unsubscribe_result = subscribe_result;

/// How a connection that had been open ended.
class disconnect_result : public answer {
public:
    using by = session::event::closed::by;

    disconnect_result() = default;
    disconnect_result(by who, reason_code reason, aldis::properties const& props, bool session_kept)
        : answer(reason, props), who_(who), session_kept_(session_kept) {}

    by               who() const noexcept { return who_; }
    /// The session goes on: pending QoS 1 and 2 publishes wait for the next async_connect().
    bool             session_kept() const noexcept { return session_kept_; }
    /// Where else to try; empty when not said.
    std::string_view server_reference() const noexcept;

private:
    by   who_ = by::us;
    bool session_kept_ = false;
};

} // namespace aldis
