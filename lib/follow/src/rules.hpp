// The rules that a packet breaks only in its conversation, each with its statement in both versions.
#pragma once

#include <cstdint>

#include <aldis/dissect/tree.hpp>

namespace aldis::follow {

enum class rule : std::uint8_t {
    client_id_in_use, server_id_in_use, sent_again, answers_nothing, acknowledges_nothing, wrong_answer_to_qos1, wrong_answer_to_qos2,
    ping_answer_unasked, connack_again, session_after_clean_start, sent_after_refusal, sent_after_disconnect,
    client_alias_above, client_alias_unwanted, server_alias_above, server_alias_unwanted, alias_unknown,
    client_receive_maximum, server_receive_maximum, keep_alive_overdue, server_keep_alive_overdue, too_large_for_server, too_large_for_client,
    qos_above_maximum, retain_not_available, wildcard_not_available, identifier_not_available, shared_not_available,
    suback_codes, unsuback_codes, client_auth_unasked, server_auth_unasked,
};

/// Adds the violation to a packet, if its version has the rule and the packet was not found guilty of it before.
void accuse(dissect::tree& t, rule broken);

} // namespace aldis::follow
