// How the setup of a schedule is drawn.
#include "setup.hpp"

namespace aldis::simulation {

namespace {

/// Tiny limits are where the mistakes are; the ordinary ones keep their share.
void draw_limits(peer_setup& peer, bool is_v5, choices& pick) {
    auto& how = peer.how;
    constexpr packet_id last_ids[] = {1, 2, 3, 5, 8, 8, 65'535, 65'535};
    peer.last_id = pick.one_of(last_ids);
    constexpr std::uint16_t receive_maxima[] = {1, 2, 3, 3, 20, 65'535};
    if (is_v5) how.own.receive_maximum = pick.one_of(receive_maxima);
    if (pick.one_in(2)) how.max_in_flight = static_cast<std::uint16_t>(pick.between(1, 4));
    if (is_v5 && pick.one_in(2)) how.own.topic_alias_maximum = static_cast<std::uint16_t>(pick.between(1, 3));
    how.automatic_aliases = static_cast<std::uint16_t>(pick.below(4));
    if (is_v5 && pick.one_in(4)) how.own.maximum_packet_size = pick.between(80, 140);
    constexpr session::overflow policies[] = {session::overflow::reject, session::overflow::drop_newest, session::overflow::drop_oldest,
                                              session::overflow::drop_qos_0_first};
    how.queue.when_full = pick.one_of(policies);
    if (pick.one_in(3)) how.queue.messages = pick.between(2, 8);
    if (pick.one_in(8)) how.queue.bytes = pick.between(200, 800);
    if (pick.one_in(4)) how.max_output = pick.between(40, 300);
    if (pick.one_in(8)) how.packet_timeout = std::chrono::seconds{2};
    how.close_to_refuse = !is_v5 && pick.one_in(4);
}

void draw_habits(peer_setup& peer, bool is_v5, choices& pick) {
    peer.durable = !pick.one_in(3);
    if (peer.durable) peer.commit_steps = pick.one_in(3) ? 1 : pick.between(2, 3);
    peer.answers_late = pick.one_in(2);
    peer.refuses = peer.answers_late && (is_v5 || peer.how.close_to_refuse) && pick.one_in(2);
}

template <class T, std::size_t N>
void fill(std::array<T, N>& slots, std::size_t& at, T what, std::size_t times) {
    for (; times > 0 && at < N; --times) slots[at++] = what;
}

void draw_mixture(setup& s, choices& pick) {
    struct row { action what; std::uint8_t least; std::uint8_t more; };
    constexpr row rows[] = {
        {action::publish_from_client, 5, 4}, {action::publish_from_server, 5, 4},
        {action::write_client, 5, 4},        {action::write_server, 5, 4},
        {action::read_client, 5, 4},         {action::read_server, 5, 4},
        {action::commit_client, 2, 4},       {action::commit_server, 2, 4},
        {action::answer_client, 1, 4},       {action::answer_server, 1, 4},
        {action::request, 1, 2},             {action::time, 1, 2},
        {action::pause, 0, 2},                {action::turn, 4, 16},
    };
    std::size_t at = 0;
    for (auto const& [what, least, more] : rows) {
        bool const needless = (what == action::commit_client && !s.peers[client].durable) ||
                              (what == action::commit_server && !s.peers[server].durable) ||
                              (what == action::answer_client && !s.peers[client].answers_late);
        if (!needless) fill(s.mixture, at, what, least + pick.below(more));
    }
    std::size_t const drawn = at;
    while (at < s.mixture.size()) {
        s.mixture[at] = s.mixture[at - drawn];
        ++at;
    }
}

void draw_faults(setup& s, choices& pick) {
    std::size_t at = 0;
    fill(s.fault_mixture, at, fault::cut, pick.below(8));
    while (at < s.fault_mixture.size()) {
        auto const what = static_cast<fault>(pick.below(fault_count));
        fill(s.fault_mixture, at, what, 1 + pick.below(3));
    }
}

} // namespace

setup::setup(choices& pick) {
    version = pick.one_in(3) ? protocol::v3_1_1 : protocol::v5;
    bool const v5 = is_v5(version);
    for (auto& peer : peers) {
        draw_limits(peer, v5, pick);
        draw_habits(peer, v5, pick);
    }
    constexpr std::uint32_t expiries[] = {never, never, never, 30, 2, 0};
    expiry = pick.one_of(expiries);
    if (!v5 && expiry != 0) expiry = never;
    constexpr std::uint16_t keep_alives[] = {0, 1, 2, 60};
    keep_alive = pick.one_of(keep_alives);
    messages = pick.between(20, 23);
    faults = pick.between(3, 5);
    constexpr std::uint32_t reads[] = {0, 0, 0, 64, 16, 3};
    most_read = pick.one_of(reads);
    if (pick.one_in(8)) large_payloads = 8;
    expiring_messages = pick.one_in(4);
    clean_starts = pick.one_in(8);
    auto const kind = pick.below(4);                               // 1 and 2: mostly that QoS; otherwise all of them
    for (auto& q : qos_mix) q = static_cast<std::uint8_t>(kind == 1 || kind == 2 ? kind : pick.below(3));
    draw_mixture(*this, pick);
    draw_faults(*this, pick);
}

} // namespace aldis::simulation
