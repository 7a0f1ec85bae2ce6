// What a broker's store has to bring back, as plain as can be: each entry applied in its order.
#pragma once

#include <map>
#include <optional>
#include <string>

#include <aldis/broker_store.hpp>
#include <support/catch.hpp>

#include "stored.hpp"

namespace aldis::test {

using routing::session_no;

class broker_model {
public:
    void apply(broker_store::entry const& each) {
        std::visit([this](auto const& one) { on(one); }, each);
    }

    std::string words() const {
        std::string all;
        for (auto const& [no, each] : sessions_) {
            all += std::to_string(no) + ' ' + each.what.client_id + ' ' + each.what.user_name.value_or("nobody") + ' ' + std::to_string(each.what.expiry) + (each.what.left_at ? " left\n" : " here\n");
            all += test::words(each.state.snapshot());
            for (auto const& [filter, kept] : each.subscriptions) all += filter + ' ' + std::to_string(kept.options) + ' ' + std::to_string(kept.identifier) + '\n';
            if (each.will) all += "will " + std::string(each.will->message.topic()) + ' ' + std::to_string(each.will->delay.count()) + (each.will->retain ? " r\n" : "\n");
        }
        for (auto const& [topic, kept] : retained_) all += topic + " = " + std::string(to_text(kept.message.payload())) + '\n';
        return all;
    }

    broker_store::contents contents() const {
        broker_store::contents all;
        for (auto const& [no, each] : sessions_) {
            all.sessions.push_back({each.what, each.state.snapshot(), {}, each.will});
            for (auto const& [filter, kept] : each.subscriptions) all.sessions.back().subscriptions.push_back(kept);
        }
        for (auto const& [topic, kept] : retained_) all.retained.push_back(kept);
        return all;
    }

    struct one_session {
        kept_session                             what{};
        session::state                           state{};
        std::map<std::string, kept_subscription> subscriptions{};
        std::optional<routing::will>             will{};
    };
    std::map<session_no, one_session> sessions_{};
    std::map<std::string, routing::retained_message> retained_{};

private:
    void on(broker_store::session_is const& one) {
        auto& at = sessions_[one.what.no];
        at.what = one.what;
        at.state.replay(opened(one.what.expiry));
    }
    void on(broker_store::session_ended const& one) { sessions_.erase(one.no); }
    void on(broker_store::session_changed const& one) {
        auto& at = sessions_[one.no];
        REQUIRE(at.state.replay(one.what));
        if (one.what.kind == what::cleared) at.state.replay(opened(at.what.expiry));
    }
    void on(broker_store::subscribed const& one) { sessions_[one.no].subscriptions.insert_or_assign(one.what.filter, one.what); }
    void on(broker_store::unsubscribed const& one) { sessions_[one.no].subscriptions.erase(one.filter); }
    void on(broker_store::will_is const& one) { sessions_[one.no].will = one.what; }
    void on(broker_store::retained_is const& one) {
        std::string const topic(one.what.message.topic());
        if (one.what.message.payload().empty()) retained_.erase(topic);
        else retained_.insert_or_assign(topic, one.what);
    }
};

} // namespace aldis::test
