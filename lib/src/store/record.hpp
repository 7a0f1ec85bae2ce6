// A message as a store keeps it: checksum, expiry by the wall clock, and a PUBLISH of 5.0.
#pragma once

#include <cstdint>
#include <optional>

#include <aldis/session/message.hpp>

namespace aldis {

/// What a record holds beside the content.
struct stored_message {
    session::message                   content{};
    qos_level                          qos = qos_level::at_most_once;
    bool                               retain = false;
    std::optional<session::time_point> expires_at{};
};

/// `key` stands for the record's place, so that one that was moved to another is noticed.
byte_buffer record_of(std::int64_t key, stored_message const& what);

/// Throws sqlite::failure where it is not what record_of() made for `key`.
stored_message read_record(std::int64_t key, bytes_view stored);

/// Milliseconds of the wall clock, and back; what is past is now, and nothing is later than 2^32 seconds from now.
std::int64_t        to_wall_clock(session::time_point when);
session::time_point from_wall_clock(std::int64_t when);

/// The same for what has been; what is to come is now.
session::time_point past_from_wall_clock(std::int64_t when);

} // namespace aldis
