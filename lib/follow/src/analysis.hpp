// The stage that follows conversations: questions and their answers, sessions, rules of the state, messages and their deliveries.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>

#include "talk.hpp"

namespace aldis::follow {

enum class rule : std::uint8_t;

/// Fills in record::found, adds violations, and tells in notes what was never answered. Behind missing bytes, in the middle of a conversation
/// and without its CONNECT nothing is held against anyone that could be explained by what was not captured. Memory is bounded by limits.hpp.
class analysis final : public passing_stage {
public:
    using passing_stage::passing_stage;

    void packet(record& r) override;
    void gap(conversation const& of, unsigned from, frame_stamp at, hole const& what) override;
    void end(conversation const& of, unsigned from, frame_stamp at) override;
    void forget(conversation const& of) override;
    void finish() override;

private:
    talk& talk_of(conversation const& of);
    void  step(talk& t, record& r);
    void  miss(talk& t, unsigned from, std::int64_t at);
    void  disorder(talk& t);
    void  close(talk& t);
    void  tell_unanswered(talk& t, frame_stamp at);

    // connecting.cpp
    void take_connect(talk& t, record& r);
    void take_connack(talk& t, record& r);
    void attach(talk& t, bool present);
    void leave(talk& t);
    void take_over(session& old, talk& by);
    std::shared_ptr<session> new_session(bool complete);

    // flows.cpp
    void take_publish(talk& t, record& r);
    bool take_again(talk& t, record& r, std::uint64_t digest);
    void ask(talk& t, record& r, question& q, std::uint64_t digest);
    void take_pubrel(talk& t, record& r);
    void take_ack(talk& t, record& r);
    void take_request(talk& t, record& r);
    void take_reply(talk& t, record& r);
    void take_pingreq(talk& t, record& r);
    void take_pingresp(talk& t, record& r);
    void find_delivery(talk& t, record& r, std::uint64_t digest);

    question_pool                                                  pool_{};
    session_book                                                   book_{};
    message_window                                                 messages_{};
    std::unordered_map<conversation const*, std::unique_ptr<talk>> talks_{};
    talk*                                                          last_ = nullptr;
    frame_stamp                                                    now_{};
    std::string                                                    topic_{};   // of the latest answer's question
};

/// The mark of a packet.
packet_mark mark_of(record const& r) noexcept;

/// What concerns a single packet and what the ends agreed on: limits, features, order, Keep Alive.
void judge(talk const& t, record& r);

} // namespace aldis::follow
