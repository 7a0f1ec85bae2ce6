// The ledger's side of the wire: every packet decodes, and is allowed at this moment.
#include "ledger.hpp"

#include <algorithm>

namespace aldis::simulation {

template <class Packet>
Packet ledger::decode(codec::frame const& f, side from) const {
    auto const p = codec::decode_as<Packet>(f, {how_.version, from == client ? sender::client : sender::server});
    require(p.has_value(), "an engine wrote a packet that does not decode");
    return *p;
}

void ledger::sending(side from, wire& out, std::size_t begin, conversation& here) {
    while (begin < out.bytes.size()) {
        auto const next = codec::next_frame(bytes_view{out.bytes}.subspan(begin), max_packet_size, how_.version);
        require(next && *next, "an engine wrote bytes that are no packet");
        auto const& f = **next;
        begin += f.size;
        require(f.size <= here.maximum_packet_size, "a packet above the peer's Maximum Packet Size");
        packet_note note{.end = begin, .type = f.type};
        auto const noted = [&](auto const& p) { note.id = p.id; note.reason = p.reason; on_sending(from, p, here); };
        switch (f.type) {
        case packet_type::publish: on_sending(from, decode<packet::publish>(f, from), out, note, here); break;
        case packet_type::puback: noted(decode<packet::puback>(f, from)); break;
        case packet_type::pubrec: noted(decode<packet::pubrec>(f, from)); break;
        case packet_type::pubrel: noted(decode<packet::pubrel>(f, from)); break;
        case packet_type::pubcomp: noted(decode<packet::pubcomp>(f, from)); break;
        case packet_type::subscribe: on_request(from, note.id = decode<packet::subscribe>(f, from).id, here); break;
        case packet_type::unsubscribe: on_request(from, note.id = decode<packet::unsubscribe>(f, from).id, here); break;
        case packet_type::suback: on_answer(from, note.id = decode<packet::suback>(f, from).id, here); break;
        case packet_type::unsuback: on_answer(from, note.id = decode<packet::unsuback>(f, from).id, here); break;
        case packet_type::connack: {
            auto const p = decode<packet::connack>(f, from);
            note.reason = p.reason;
            note.session_present = p.session_present;
            if (!is_error(p.reason)) require(is_committed(from, here.accepted), "CONNACK left before its session was stored");
            break;
        }
        case packet_type::connect: (void)decode<packet::connect>(f, from); break;
        case packet_type::pingreq: (void)decode<packet::pingreq>(f, from); break;
        case packet_type::pingresp: (void)decode<packet::pingresp>(f, from); break;
        case packet_type::disconnect: (void)decode<packet::disconnect>(f, from); break;
        case packet_type::auth: violate("an engine wrote AUTH unasked");
        }
        out.packets.push(note);
    }
}

// ---- PUBLISH ----------------------------------------------------------------------------------------------------------

void ledger::on_sending(side from, packet::publish const& p, wire& out, packet_note& note, conversation& here) {
    int const number = identify(from, p.payload);
    auto& m = messages_[static_cast<std::size_t>(number)];
    auto topic = p.topic;
    if (auto const alias = p.props.get<property_id::topic_alias>()) {
        auto const most = how_.peers[other(from)].how.own.topic_alias_maximum;
        require(*alias <= most, "a topic alias above the peer's maximum");
        if (!topic.empty()) out.aliases[*alias] = static_cast<std::int8_t>(std::find(topics.begin(), topics.end(), topic) - topics.begin());
        require(out.aliases[*alias] >= 0, "a topic alias that was never set");
        topic = topics[static_cast<std::size_t>(out.aliases[*alias])];
    }
    require(topic == topics[m.topic], "I4: a message was sent under another topic");
    require(p.qos == m.qos && p.retain == m.retain, "I4: a message was sent with another QoS or retain flag");
    require(m.abandoned == 0, "a message of a discarded session was sent");
    note.message = number;
    note.id = p.id;
    if (m.qos == qos_level::at_most_once) {
        require(!m.sent, "a QoS 0 message was sent twice");
        m.sent = true;
        return;
    }
    on_started(from, m, p, here);
    require(here.last_publish < number, "I3: PUBLISH packets were sent out of order");
    here.last_publish = number;
    m.in_flight = true;
    require(++here.in_flight <= here.receive_maximum, "I5: more in flight than the Receive Maximum");
}

void ledger::on_started(side from, message_record& m, packet::publish const& p, conversation& here) {
    require(m.ended == 0, "a message was sent after its end");
    require(m.released == 0, "I2: PUBLISH was sent again after PUBREC");
    require(!m.in_flight, "a PUBLISH was sent twice on one connection");
    if (stores_[from].durable()) require(is_committed(from, m.started), "PUBLISH left before it was stored that it began");
    if (m.sent) require(p.dup, "DUP is not set although the message was sent before");
    else if (!m.perhaps_sent) require(!p.dup, "DUP is set although the message was never sent");
    m.sent = true;

    auto& owner = ids_[from].at(p.id);
    auto const number = static_cast<std::int8_t>(&m - messages_.data());
    if (m.id != 0) require(m.id == p.id, "I5: a message was sent again under another identifier");
    require(owner == -1 || owner == number, "I5: an identifier was used for two messages at once");
    require(std::find(here.requests.begin(), here.requests.end(), p.id) == here.requests.end(),
            "I5: the identifier of a request was used for a message");
    owner = number;
    m.id = p.id;
}

// ---- Acknowledgements -------------------------------------------------------------------------------------------------

void ledger::on_sending(side from, packet::puback const& p, conversation& here) {
    require(!here.qos_1.empty() && here.qos_1.front().id == p.id, "PUBACKs left out of order, or for nothing");
    require(is_committed(from, here.qos_1.front().answered), "PUBACK left before what it acknowledges was stored");
    here.qos_1.pop();
}

void ledger::on_sending(side from, packet::pubrec const& p, conversation& here) {
    require(!here.qos_2.empty() && here.qos_2.front().id == p.id, "PUBRECs left out of order, or for nothing");
    auto const& due = here.qos_2.front();
    auto const since = is_error(p.reason) ? due.answered : message(due.message).accepted;
    require(is_committed(from, since), "PUBREC left before what it acknowledges was stored");
    here.qos_2.pop();
}

void ledger::on_sending(side from, packet::pubrel const& p, conversation& here) {
    auto const owner = ids_[from].at(p.id);
    if (owner < 0) {
        require(here.strays > 0, "PUBREL for an identifier that is not in use");
        --here.strays;
        return;
    }
    auto& m = messages_[static_cast<std::size_t>(owner)];
    require(is_committed(from, m.released), "PUBREL left before it was stored that PUBREC came");
    require(here.last_pubrel < m.released_as, "PUBRELs left in another order than their PUBRECs came");
    here.last_pubrel = m.released_as;
    m.pubrel_sent = true;
}

void ledger::on_sending(side from, packet::pubcomp const& p, conversation& here) {
    require(!here.pubcomps.empty() && here.pubcomps.front().id == p.id, "PUBCOMP left for nothing");
    require(is_committed(from, here.pubcomps.front().since), "PUBCOMP left before what it acknowledges was stored");
    here.pubcomps.pop();
}

void ledger::on_request(side from, packet_id id, conversation& here) {
    require(ids_[from].at(id) == -1, "I5: the identifier of a message was used for a request");
    require(std::find(here.requests.begin(), here.requests.end(), id) == here.requests.end(), "I5: an identifier was used for two requests");
    here.requests.push_back(id);
}

void ledger::on_answer(side from, packet_id id, conversation& here) {
    require(!here.answers.empty() && here.answers.front().id == id, "an answer to a request that the owner did not give");
    require(is_committed(from, here.answers.front().since), "the answer to a request left before it was stored");
    here.answers.pop();
}

// ---- The other end of the wire ----------------------------------------------------------------------------------------

void ledger::received(side to, packet_note const& p, conversation& here) {
    auto const mine = ids_[to][p.id];                              // the message it answers
    auto const answered = [&](bool completes) {
        if (mine < 0) return false;
        auto& m = messages_[static_cast<std::size_t>(mine)];
        if (completes && m.in_flight) {
            m.in_flight = false;
            --here.in_flight;
        }
        return true;
    };
    switch (p.type) {
    case packet_type::publish: {
        auto const qos = message(p.message).qos;
        if (qos == qos_level::at_least_once) here.qos_1.push({p.id, p.message, 0, 0});
        if (qos == qos_level::exactly_once) here.qos_2.push({p.id, p.message, 0, 0});
        break;
    }
    case packet_type::puback:
    case packet_type::pubcomp: answered(true); break;
    case packet_type::pubrec:
        if (!answered(is_error(p.reason))) {
            ++here.strays;
        } else if (!is_error(p.reason)) {
            auto& m = messages_[static_cast<std::size_t>(mine)];
            if (m.released == 0) {
                m.released = filling(to);
                m.released_as = ++releases_;
            }
        }
        break;
    case packet_type::pubrel: here.pubcomps.push({p.id, filling(to)}); break;
    case packet_type::suback:
    case packet_type::unsuback: here.requests.erase(std::remove(here.requests.begin(), here.requests.end(), p.id), here.requests.end()); break;
    default: break;
    }
}

} // namespace aldis::simulation
