// The ledger's side of the owners: publishing, arriving, acknowledging, ending, and what a crash or a lost session takes back.
#include "ledger.hpp"

#include <algorithm>
#include <cstring>

namespace aldis::simulation {

void violate(std::string_view what) { throw violation{std::string{what}}; }

void conversation::clear() noexcept {
    qos_1.clear();
    qos_2.clear();
    pubcomps.clear();
    answers.clear();
    requests.clear();
    accepted = 0;
    in_flight = 0;
    receive_maximum = 65'535;
    maximum_packet_size = max_packet_size;
    last_publish = -1;
    last_pubrel = 0;
    strays = 0;
}

// ---- Messages ---------------------------------------------------------------------------------------------------------

namespace {

/// A payload tells which message it is, and repeats a byte of its own, so that none can be taken for another.
constexpr std::size_t least_payload = 4;

void fill_payload(std::byte* to, std::size_t size, std::size_t number, side from) {
    std::memset(to, static_cast<int>(number * 7 + 13), size);
    to[0] = static_cast<std::byte>(number);
    to[1] = static_cast<std::byte>(from);
    to[2] = static_cast<std::byte>(size);
    to[3] = static_cast<std::byte>(size >> 8U);
}

} // namespace

/// The record of the next message. It counts once published() is called; until then it may be made again.
message_record& ledger::make(side from, std::size_t payload_size, choices& pick) {
    std::array<std::byte, 2048> payload;
    auto const size = std::clamp(payload_size, least_payload, payload.size());
    fill_payload(payload.data(), size, count_, from);
    auto& m = messages_.at(count_);
    m = message_record{};
    m.from = from;
    m.topic = static_cast<std::uint8_t>(pick.below(topics.size()));
    m.qos = static_cast<qos_level>(how_.qos_mix[pick.below(16)]);
    m.retain = pick.one_in(8);
    m.queued = filling(from);
    auto content = session::message::make(topics[m.topic], {}, bytes_view{payload}.first(size));
    require(content.has_value(), "a valid message is refused");
    m.content = std::move(*content);
    return m;
}

int ledger::identify(side from, bytes_view payload) const {
    require(payload.size() >= least_payload, "I4: a message that nobody published");
    auto const number = static_cast<std::size_t>(payload[0]);
    require(number < count_, "I4: a message that nobody published");
    auto const& m = messages_[number];
    require(m.from == from, "I4: a message of the other side");
    auto const expected = m.content.payload();
    require(payload.size() == expected.size() && std::memcmp(payload.data(), expected.data(), expected.size()) == 0,
            "I4: a payload was changed");
    return static_cast<int>(number);
}

int ledger::arrived(side to, packet::publish const& p, session::arrival_no no, conversation& here) {
    side const from = other(to);
    int const number = identify(from, p.payload);
    auto& m = messages_[static_cast<std::size_t>(number)];
    require(p.topic == topics[m.topic], "I4: a message arrived under another topic");
    require(p.qos == m.qos && p.retain == m.retain, "I4: a message arrived with another QoS or retain flag");
    require((no == 0) == (m.qos == qos_level::at_most_once), "only QoS 1 and 2 are acknowledged");
    if (m.qos == qos_level::at_most_once) require(!m.shown, "a QoS 0 message arrived twice");
    if (m.qos == qos_level::exactly_once) {
        require(m.accepted == 0, "I2: a QoS 2 message that was acknowledged arrived again");
        require(!m.held, "I2: a QoS 2 message was shown twice");
        m.held = true;
    }
    if (!m.shown) {
        auto& last = last_shown_[from][m.topic][static_cast<std::size_t>(m.qos)];
        require(last <= number, "I3: messages of one topic and QoS arrived out of order");
        last = number + 1;
    }
    m.shown = true;
    auto& waiting = m.qos == qos_level::at_least_once ? here.qos_1 : here.qos_2;
    if (m.qos != qos_level::at_most_once) {
        auto const mine = std::find_if(waiting.begin(), waiting.end(), [&](auto const& a) { return a.message == number && a.no == 0; });
        require(mine != waiting.end(), "I4: a message was shown that was not received");
        mine->no = no;
    }
    return number;
}

void ledger::acknowledged(side to, int number, session::arrival_no no, bool refused, conversation& here) {
    auto& m = messages_[static_cast<std::size_t>(number)];
    if (refused) m.held = false;
    else if (m.qos == qos_level::exactly_once) require(m.accepted == 0, "I2: a QoS 2 message was acknowledged twice");
    if (!refused && m.accepted == 0) m.accepted = filling(to);
    for (auto& a : here.qos_1)
        if (a.no == no) a.answered = filling(to);
    for (auto& a : here.qos_2)                                     // perhaps shown on an earlier connection
        if (a.message == number) a.answered = filling(to);
}

// ---- Ends -------------------------------------------------------------------------------------------------------------

void ledger::free_id(message_record& m) noexcept {
    auto& owner = ids_[m.from][m.id];
    if (m.id != 0 && owner == &m - messages_.data()) owner = -1;
}

/// It may be above the other side's Maximum Packet Size, by how much it takes with all that may come with it.
bool ledger::is_large(message_record const& m) const noexcept {
    constexpr std::size_t around_it = 22;
    return m.content.payload().size() + m.content.topic().size() + around_it > how_.peers[other(m.from)].how.own.maximum_packet_size;
}

void ledger::ended(side from, session::event::delivered const& d, session::time_point now) {
    require(d.no != 0 && d.no < by_no_[from].size(), "the end of a delivery that never was");
    auto& m = messages_[static_cast<std::size_t>(by_no_[from][d.no])];
    require(m.from == from && m.no == d.no, "the end of a delivery that never was");
    if (m.abandoned != 0) return;                                  // what ended before its session did may be told afterwards
    require(m.ended == 0, "a delivery ended twice");
    bool const begun = m.sent || m.perhaps_sent;
    bool const exact = m.qos == qos_level::exactly_once;
    using enum session::event::outcome;
    switch (d.how) {
    case acknowledged:
        if (m.qos == qos_level::at_most_once) break;
        if (d.reason == reason_code::packet_too_large) {            // a server acts as if it had been sent  [MQTT-3.1.2-25]
            require(from == server && is_large(m), "a small message was taken for a large one");
            break;
        }
        require(is_committed(other(from), m.accepted), exact ? "I2: a QoS 2 message is complete, but did not arrive to stay"
                                                             : "I1: a QoS 1 message is complete, but did not arrive to stay");
        require(!exact || m.released != 0, "I2: a QoS 2 message is complete without PUBREC");
        break;
    case refused:
        require(is_error(d.reason), "a message was refused with a reason that is none");
        require(!exact || m.accepted == 0, "I2: a QoS 2 message is refused, but was accepted");
        break;
    case session_lost: require(exact && begun, "a message was given up although it was never sent"); break;
    case expired:
        require(m.expires_at && *m.expires_at <= now, "a message expired before its time");
        require(!begun, "a message expired after it was sent");
        break;
    case dropped: require(!begun, "a message was dropped after it was sent"); break;
    case too_large: require(is_large(m), "a small message was taken for a large one"); break;
    case not_supported: violate("a message is not supported although everything is");
    }
    m.ended = filling(from);
    m.how = d.how;
    free_id(m);
}

// ---- Sessions ---------------------------------------------------------------------------------------------------------

void ledger::connection_began(side who) {
    for (std::size_t i = 0; i < count_; ++i)
        if (messages_[i].from == who) messages_[i].in_flight = false;
}

void ledger::batch_began(side who, std::span<session::change const> changes) {
    for (auto const& c : changes) {
        if (c.kind != session::change::what::started && c.kind != session::change::what::finished) continue;
        auto& m = messages_[static_cast<std::size_t>(by_no_[who].at(c.no))];
        auto& since = c.kind == session::change::what::started ? m.started : m.finished;
        if (since == 0) since = filling(who);
        if (m.started != 0 && m.first_started == 0) m.first_started = m.started;
    }
}

void ledger::crashed(side who) {
    ids_[who].fill(-1);
    for (std::size_t i = 0; i < count_; ++i) {
        auto& m = messages_[i];
        if (m.from == who) {
            crashed_sender(who, m);
        } else {
            if (!is_committed(who, m.accepted)) m.accepted = 0;
            m.held = false;
        }
    }
}

/// What the store had not committed was not; what hangs on it must not have left.
void ledger::crashed_sender(side who, message_record& m) {
    m.in_flight = false;
    if (!stores_[who].durable()) {
        if (m.ended == 0 && m.abandoned == 0) m.abandoned = 1;
        return;
    }
    if (!is_committed(who, m.queued)) {
        require(!m.sent || m.qos == qos_level::at_most_once, "a message was sent before it was stored");
        if (m.abandoned == 0) m.abandoned = std::max<batch_no>(stores_[who].clock().done, 1);
        return;
    }
    if (!is_committed(who, m.abandoned)) m.abandoned = 0;
    if (!is_committed(who, m.finished)) m.finished = m.ended = 0;  // told or not, it begins again
    else m.ended = m.finished;
    if (!is_committed(who, m.first_started)) m.first_started = 0;
    if (m.ended != 0 || m.abandoned != 0 || m.qos == qos_level::at_most_once) return;
    m.perhaps_sent = m.first_started != 0;                         // also when the loss of the session is what was forgotten
    if (!is_committed(who, m.started)) {
        require(!m.sent, "a message was sent before its identifier was stored");
        m.started = 0;
        m.id = 0;
    } else {
        if (m.id != 0) ids_[who][m.id] = static_cast<std::int8_t>(&m - messages_.data());
    }
    if (!is_committed(who, m.released)) {
        require(!m.pubrel_sent, "PUBREL was sent before it was stored that PUBREC came");
        m.released = 0;
    }
}

void ledger::session_discarded(side who) {
    for (std::size_t i = 0; i < count_; ++i) {
        auto& m = messages_[i];
        if (m.from != who) {
            m.held = false;
        } else if (m.ended == 0 && m.abandoned == 0) {
            m.abandoned = filling(who);
            free_id(m);
        }
    }
}

void ledger::session_lost() {
    for (std::size_t i = 0; i < count_; ++i) {
        auto& m = messages_[i];
        if (m.from == server) {
            m.held = false;
        } else if (m.ended == 0 && m.abandoned == 0) {
            free_id(m);
            bool const ends = m.qos == qos_level::exactly_once && (m.sent || m.perhaps_sent);
            if (ends) continue;                                    // its owner is told next
            m.id = 0;
            m.started = 0;
            m.sent = m.perhaps_sent = false;
        }
    }
}

void ledger::at_rest() const {
    for (std::size_t i = 0; i < count_; ++i) {
        auto const& m = messages_[i];
        if (m.qos == qos_level::at_most_once || m.abandoned != 0) continue;
        if (m.ended == 0) violate("I6: message " + std::to_string(i) + " was neither delivered nor given up");
    }
    for (auto const& ids : ids_)
        require(std::all_of(ids.begin(), ids.end(), [](auto owner) { return owner == -1; }), "I5: an identifier was leaked");
}

} // namespace aldis::simulation
