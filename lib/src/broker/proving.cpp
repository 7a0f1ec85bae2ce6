// Enhanced authentication: the steps of a method, before CONNACK and again later (4.12).
#include <utility>

#include "core.hpp"

namespace aldis::serving {

/// The client named a method. False: there is none of that name.
bool core::begin_proof(peer& p, std::string_view method) {
    auto const options = options_;                                 // a hook may reload them
    if (!options->authenticate_enhanced()) return false;
    auto const proof = std::make_shared<proving>();
    proof->with = options->authenticate_enhanced()(method, connecting_client{p.asking->request, p.asking->way, p.listener});
    if (!proof->with) return false;
    proof->method = std::string(method);
    proof->from = &p;
    p.proof = proof;
    return true;
}

void core::on(peer& p, session::event::authenticate const& e, time_point now) {
    auto const proof = p.proof;
    bool const begins = e.request.reason == reason_code::re_authenticate;
    bool const is_open = p.engine.where() == session::phase::open;
    if (!proof || proof->is_asked || (begins && !is_open)) return dismiss(p, reason_code::protocol_error, now);
    prove(p, begins, e.request.props.get<property_id::authentication_data>().value_or(bytes_view{}), now);
}

void core::prove(peer& p, bool begins, bytes_view data, time_point now) {
    auto const proof = p.proof;
    auto const step = ++proof->steps;
    proof->is_asked = true;
    auto answer = [this, waiting = std::weak_ptr(proof), step](authentication_step what) {
        auto const still = waiting.lock();
        if (!still || !still->from || still->steps != step || !still->is_asked || still->said) return;
        still->said = std::move(what);
        mark(*still->from);
    };
    if (begins) proof->with->begin(data, std::move(answer));
    else proof->with->step(data, std::move(answer));
    take_proof(p, now);
}

/// What the method has said, if it has said something.
void core::take_proof(peer& p, time_point now) {
    auto const proof = p.proof;
    if (!proof || !proof->from || !proof->said) return;
    auto const said = *std::exchange(proof->said, std::nullopt);
    proof->is_asked = false;
    if (p.engine.where() == session::phase::open) return prove_again(p, said, now);
    if (said.reason() == reason_code::continue_authentication) return say_step(p, said, now);
    if (is_error(said.reason())) {
        p.asking->answer = admission::refuse(said.reason());
        return admit(p, now);
    }
    property_list last;
    if (!said.data().empty()) last.add<property_id::authentication_data>(said.data());
    p.asking->answer = admission::accept().user_name(said.user_name()).props(std::move(last));
    admit(p, now);
}

/// Of a client that is let in: it stays who it is, or goes.
void core::prove_again(peer& p, authentication_step const& said, time_point now) {
    bool const is_done = said.reason() == reason_code::success;
    bool const is_other = is_done && p.who->user_name != said.user_name();
    if (is_error(said.reason()) || is_other) return dismiss(p, is_other ? reason_code::not_authorized : said.reason(), now);    // [MQTT-4.12.1-2]
    say_step(p, said, now);
}

void core::say_step(peer& p, authentication_step const& said, time_point now) {
    property_list props;
    props.add<property_id::authentication_method>(p.proof->method);                                      // [MQTT-4.12.0-5]
    if (!said.data().empty()) props.add<property_id::authentication_data>(said.data());
    packet::auth step;
    step.reason = said.reason();                                   // [MQTT-4.12.0-2]
    step.props = props;
    if (!p.engine.authenticate(step, now)) p.wants_close = true;   // longer than the client takes
    mark(p);
}

} // namespace aldis::serving
