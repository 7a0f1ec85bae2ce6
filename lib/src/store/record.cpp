// Records of messages, and the two clocks they stand between.
#include "record.hpp"

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

#include <aldis/codec/decode.hpp>
#include <aldis/codec/encode.hpp>
#include <aldis/connection.hpp>

#include "checksum.hpp"
#include "database.hpp"

namespace aldis {
namespace {

using sqlite::damaged;

constexpr codec::context stored_form{protocol::v5, sender::either};
constexpr std::int64_t   no_expiry = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t   longest = std::int64_t{std::numeric_limits<std::uint32_t>::max()} * 1000;
constexpr std::size_t    number_size = 8, head_size = 2 * number_size;

std::int64_t wall_clock() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

void put_number(byte_buffer& to, std::int64_t value) {
    for (unsigned shift = 0; shift < 64; shift += 8) to.push_back(static_cast<std::byte>(static_cast<std::uint64_t>(value) >> shift));
}

std::int64_t number_at(bytes_view from, std::size_t at) {
    std::uint64_t value = 0;
    for (unsigned i = 0; i < number_size; ++i) value |= std::to_integer<std::uint64_t>(from[at + i]) << (8 * i);
    return static_cast<std::int64_t>(value);
}

std::int64_t checksum_of(std::int64_t key, bytes_view rest) { return checksum{}.add(key).add(rest).value(); }

} // namespace

std::int64_t to_wall_clock(session::time_point when) { return wall_clock() + (when - connection::now()).count(); }

// A wall clock that was set back must not let a message live for ever.
session::time_point from_wall_clock(std::int64_t when) {
    return connection::now() + session::duration(std::clamp<std::int64_t>(when - wall_clock(), 0, longest));
}

session::time_point past_from_wall_clock(std::int64_t when) {
    return connection::now() - session::duration(std::clamp<std::int64_t>(wall_clock() - when, 0, longest));
}

byte_buffer record_of(std::int64_t key, stored_message const& what) {
    packet::publish p;
    p.topic = what.content.topic();
    p.props = what.content.props();
    p.payload = what.content.payload();
    p.qos = what.qos;
    p.retain = what.retain;
    if (p.qos != qos_level::at_most_once) p.id = 1;                // the real one is a column: it is chosen later
    byte_buffer out;
    put_number(out, 0);
    put_number(out, what.expires_at ? to_wall_clock(*what.expires_at) : no_expiry);
    if (!codec::encode(p, stored_form, out)) throw sqlite::failure{SQLITE_TOOBIG, 0, "a message that has no form"};
    byte_buffer sum;
    put_number(sum, checksum_of(key, bytes_view(out).subspan(number_size)));
    std::copy(sum.begin(), sum.end(), out.begin());
    return out;
}

stored_message read_record(std::int64_t key, bytes_view stored) {
    if (stored.size() <= head_size || number_at(stored, 0) != checksum_of(key, stored.subspan(number_size)))
        damaged("a message that is not what was stored");
    auto const packet = bytes_view(stored.subspan(head_size));
    auto const frame = codec::next_frame(packet, packet.size());
    if (!frame || !*frame || (*frame)->size != packet.size()) damaged("a message that is no packet");
    auto const p = codec::decode_as<packet::publish>(**frame, stored_form);
    if (!p) damaged("a message that is no PUBLISH");
    auto content = session::message::make(p->topic, p->props, p->payload);
    if (!content) damaged("a message with a bad topic");
    stored_message read{std::move(*content), p->qos, p->retain};
    if (auto const expiry = number_at(stored, number_size); expiry != no_expiry) read.expires_at = from_wall_clock(expiry);
    return read;
}

} // namespace aldis
