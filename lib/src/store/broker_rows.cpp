// Rows of the broker's file, held against their checksums and the rules of what they hold.
#include "broker_rows.hpp"

#include <utility>

#include <aldis/codec/topic.hpp>
#include <aldis/codec/utf8.hpp>

namespace aldis::broker_rows {

using sqlite::damaged;
using sqlite::narrow;

byte_buffer packed(std::vector<std::uint32_t> const& identifiers) {
    byte_buffer out;
    for (auto const each : identifiers)
        for (unsigned shift = 0; shift < 32; shift += 8) out.push_back(static_cast<std::byte>(each >> shift));
    return out;
}

std::vector<std::uint32_t> identifiers_in(bytes_view stored) {
    if (stored.size() % 4 != 0) damaged("subscription identifiers that are cut");
    std::vector<std::uint32_t> all(stored.size() / 4);
    for (std::size_t i = 0; i < stored.size(); ++i) all[i / 4] |= std::to_integer<std::uint32_t>(stored[i]) << (8 * (i % 4));
    return all;
}

std::int64_t mark_of_session(kept_session const& what, std::optional<std::int64_t> left_at) {
    checksum sum;
    sum.add(checked(what.no)).add(to_bytes(what.client_id)).add(static_cast<std::int64_t>(what.client_id.size()));
    sum.add(std::int64_t{what.user_name ? 1 : 0}).add(to_bytes(what.user_name.value_or("")));
    return sum.add(static_cast<std::int64_t>(what.version)).add(std::int64_t{what.expiry}).add(left_at.value_or(-1)).value();
}

kept_session session_in(sqlite::statement const& row) {
    kept_session read;
    read.no = narrow<session_no>(row.integer(0));
    read.client_id = row.text(1);
    if (!row.is_null(2)) read.user_name = row.text(2);
    read.version = static_cast<protocol>(narrow<std::uint8_t>(row.integer(3)));
    read.expiry = narrow<std::uint32_t>(row.integer(4));
    std::optional<std::int64_t> left_at;
    if (!row.is_null(5)) left_at = row.integer(5);
    bool const is_known = read.version == protocol::v3_1 || read.version == protocol::v3_1_1 || read.version == protocol::v5;
    if (!is_known || row.integer(6) != mark_of_session(read, left_at) || !codec::is_mqtt_text(read.client_id)) damaged("a session that is not what was stored");
    if (left_at) read.left_at = past_from_wall_clock(*left_at);
    return read;
}

std::int64_t mark_of_subscription(kept_subscription const& what, session_no no) {
    return checksum{}.add(to_bytes(what.filter)).add(std::int64_t{what.options}).add(std::int64_t{what.identifier}).add(checked(no)).value();
}

kept_subscription subscription_in(sqlite::statement const& row, session_no no) {
    kept_subscription read{row.text(0), narrow<std::uint8_t>(row.integer(1)), narrow<std::uint32_t>(row.integer(2))};
    constexpr unsigned qos_mask = 0x03, retain_mask = 0x30, reserved = 0xC0;
    bool const is_sound = (read.options & qos_mask) != qos_mask && (read.options & retain_mask) != retain_mask && (read.options & reserved) == 0;
    if (row.integer(3) != mark_of_subscription(read, no) || !is_sound || codec::check_topic_filter(read.filter)) damaged("a subscription that is not what was stored");
    return read;
}

routing::will will_in(sqlite::statement const& row, session_no no) {
    auto const delay = row.integer(0);
    std::optional<std::int64_t> expiry;
    if (!row.is_null(1)) expiry = row.integer(1);
    if (row.integer(2) != mark_of({checked(no), delay, expiry.value_or(-1)}) || delay < 0 || expiry.value_or(0) < 0) damaged("a will that is not what was stored");
    auto          stored = read_record(checked(no), row.blob(3));
    routing::will read{std::move(stored.content), stored.qos, stored.retain, session::duration(delay)};
    if (expiry) read.expiry = session::duration(*expiry);
    return read;
}

} // namespace aldis::broker_rows
