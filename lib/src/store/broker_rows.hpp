// How rows of the broker's file are numbered and read back.
#pragma once

#include <cstdint>

#include <aldis/broker_store.hpp>

#include "checksum.hpp"
#include "database.hpp"
#include "record.hpp"

namespace aldis::broker_rows {

using routing::session_no;

// A delivery's key has its session above and its number below, so that those of one session lie together.
constexpr unsigned     delivery_bits = 41, id_bits = 16;
constexpr std::int64_t most_sessions = std::int64_t{1} << (63U - delivery_bits);
constexpr std::int64_t most_deliveries = std::int64_t{1} << delivery_bits;

inline std::int64_t checked(session_no no) {
    if (no == 0 || no >= static_cast<std::uint64_t>(most_sessions)) throw sqlite::failure{SQLITE_TOOBIG, 0, "a session's number out of its range"};
    return static_cast<std::int64_t>(no);
}
inline std::int64_t first_delivery(session_no no) { return checked(no) << delivery_bits; }
inline std::int64_t last_delivery(session_no no) { return first_delivery(no) + (most_deliveries - 1); }
inline std::int64_t delivery_key(session_no no, session::delivery_no delivery) {
    if (delivery >= static_cast<std::uint64_t>(most_deliveries)) throw sqlite::failure{SQLITE_TOOBIG, 0, "a delivery's number out of its range"};
    return first_delivery(no) | static_cast<std::int64_t>(delivery);
}
inline std::int64_t incoming_key(session_no no, packet_id id) { return checked(no) << id_bits | id; }

// QoS and retain of a delivery, and its subscription identifiers, four bytes each.
inline std::int64_t flags_of(qos_level qos, bool retain) { return static_cast<std::int64_t>(qos) | (retain ? 4 : 0); }
inline qos_level    qos_of(std::int64_t flags) { return static_cast<qos_level>(flags & 3); }
byte_buffer                packed(std::vector<std::uint32_t> const& identifiers);
std::vector<std::uint32_t> identifiers_in(bytes_view stored);

// Rows that are read whole: `*_columns` in that order.
constexpr auto session_columns = "no, client_id, user_name, version, expiry, left_at, mark";
constexpr auto subscription_columns = "filter, options, identifier, mark";
constexpr auto will_columns = "delay, expiry, mark, packet";

kept_session      session_in(sqlite::statement const& row);
std::int64_t      mark_of_session(kept_session const& what, std::optional<std::int64_t> left_at);
kept_subscription subscription_in(sqlite::statement const& row, session_no no);
std::int64_t      mark_of_subscription(kept_subscription const& what, session_no no);
routing::will     will_in(sqlite::statement const& row, session_no no);

} // namespace aldis::broker_rows
