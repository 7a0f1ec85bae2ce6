// The table of rules about the state of a conversation.
#include "rules.hpp"

#include <algorithm>
#include <array>

namespace aldis::follow {
namespace {

/// Statements, or chapters where no statement is numbered; empty where the version has no such rule.
struct rule_row {
    rule             broken;
    std::string_view id;
    std::string_view v3_id;
    std::string_view text;
};

constexpr std::array rows{
    rule_row{rule::client_id_in_use, "MQTT-2.2.1-3", "v3-MQTT-2.3.1-2", "the Packet Identifier is in use: what the client sent with it before is not answered yet"},
    rule_row{rule::server_id_in_use, "MQTT-2.2.1-4", "v3-MQTT-2.3.1-4", "the Packet Identifier is in use: what the server sent with it before is not answered yet"},
    rule_row{rule::sent_again, "MQTT-4.4.0-1", "", "sent again on the same connection; only a new one is a reason to"},
    rule_row{rule::answers_nothing, "MQTT-2.2.1-6", "v3-MQTT-2.3.1-7", "answers no request: none with this Packet Identifier is open"},
    rule_row{rule::acknowledges_nothing, "MQTT-2.2.1-5", "v3-MQTT-2.3.1-6", "belongs to no PUBLISH: none with this Packet Identifier is open"},
    rule_row{rule::wrong_answer_to_qos1, "MQTT-4.3.2-4", "v3-MQTT-4.3.2-2", "the PUBLISH has QoS 1, and is answered by PUBACK alone"},
    rule_row{rule::wrong_answer_to_qos2, "MQTT-4.3.3-8", "v3-MQTT-4.3.3-2", "the PUBLISH has QoS 2, and is answered by PUBREC, not PUBACK"},
    rule_row{rule::ping_answer_unasked, "3.13", "3.13", "a PINGRESP without a PINGREQ"},
    rule_row{rule::connack_again, "MQTT-3.2.0-2", "3.2", "a second CONNACK on one connection"},
    rule_row{rule::session_after_clean_start, "MQTT-3.2.2-2", "v3-MQTT-3.2.2-1", "Session Present, though the client asked to start clean"},
    rule_row{rule::sent_after_refusal, "MQTT-3.2.2-7", "v3-MQTT-3.2.2-5", "the server refused this connection, and goes on sending"},
    rule_row{rule::sent_after_disconnect, "MQTT-3.14.4-1", "v3-MQTT-3.14.4-2", "sent after DISCONNECT"},
    rule_row{rule::client_alias_above, "MQTT-3.3.2-9", "", "the Topic Alias is above the Topic Alias Maximum of CONNACK"},
    rule_row{rule::client_alias_unwanted, "MQTT-3.2.2-18", "", "a Topic Alias, though CONNACK has no Topic Alias Maximum"},
    rule_row{rule::server_alias_above, "MQTT-3.3.2-11", "", "the Topic Alias is above the Topic Alias Maximum of CONNECT"},
    rule_row{rule::server_alias_unwanted, "MQTT-3.1.2-27", "", "a Topic Alias, though CONNECT has no Topic Alias Maximum"},
    rule_row{rule::alias_unknown, "3.3.2.3.4", "", "the Topic Alias stands for no topic"},
    rule_row{rule::client_receive_maximum, "MQTT-3.3.4-7", "", "more messages unacknowledged than the server's Receive Maximum"},
    rule_row{rule::server_receive_maximum, "MQTT-3.3.4-9", "", "more messages unacknowledged than the client's Receive Maximum"},
    rule_row{rule::keep_alive_overdue, "MQTT-3.1.2-20", "v3-MQTT-3.1.2-23", "the client was silent for more than one and a half Keep Alive periods"},
    rule_row{rule::server_keep_alive_overdue, "MQTT-3.2.2-21", "", "the client was silent for more than one and a half of the server's Keep Alive periods"},
    rule_row{rule::too_large_for_server, "MQTT-3.2.2-15", "", "larger than the server's Maximum Packet Size"},
    rule_row{rule::too_large_for_client, "MQTT-3.1.2-24", "", "larger than the client's Maximum Packet Size"},
    rule_row{rule::qos_above_maximum, "MQTT-3.2.2-11", "", "the QoS is above the server's Maximum QoS"},
    rule_row{rule::retain_not_available, "MQTT-3.2.2-14", "", "RETAIN, though the server said that it keeps no messages"},
    rule_row{rule::wildcard_not_available, "3.2.2.3.11", "", "a wildcard, though the server said that it has none"},
    rule_row{rule::identifier_not_available, "3.2.2.3.12", "", "a Subscription Identifier, though the server said that it has none"},
    rule_row{rule::shared_not_available, "3.2.2.3.13", "", "a shared subscription, though the server said that it has none"},
    rule_row{rule::suback_codes, "MQTT-3.8.4-6", "v3-MQTT-3.8.4-5", "not one code for each filter of the SUBSCRIBE"},
    rule_row{rule::unsuback_codes, "MQTT-3.11.3-2", "", "not one code for each filter of the UNSUBSCRIBE"},
    rule_row{rule::client_auth_unasked, "MQTT-4.12.0-7", "", "AUTH, though the CONNECT had no Authentication Method"},
    rule_row{rule::server_auth_unasked, "MQTT-4.12.0-6", "", "AUTH, though the CONNECT had no Authentication Method"},
};
static_assert(rows.size() == static_cast<std::size_t>(rule::server_auth_unasked) + 1);
static_assert([] {
    for (std::size_t i = 0; i < rows.size(); ++i)
        if (static_cast<std::size_t>(rows[i].broken) != i) return false;
    return true;
}(), "rows stand in the order of the rules");

/// As the document of its version numbers it.
std::string_view own_number(std::string_view id) noexcept {
    constexpr std::string_view v3_prefix = "v3-";
    if (id.starts_with(v3_prefix)) id.remove_prefix(v3_prefix.size());
    return id;
}

} // namespace

void accuse(dissect::tree& t, rule broken) {
    auto const& row = rows[static_cast<std::size_t>(broken)];
    auto const  id = own_number(is_v5(t.version) ? row.id : row.v3_id);
    bool const  said = std::any_of(t.violations.begin(), t.violations.end(), [&](auto const& v) { return v.id == id; });
    if (!id.empty() && !said) t.violations.push_back({id, row.text, 0});
}

} // namespace aldis::follow
