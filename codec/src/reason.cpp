// The table of reason codes (2.4) with who may send them (3.14.2.1, 3.15.2.1) and the return codes of 3.1.1 (its 3.2.2.3).
#include <aldis/codec/reason.hpp>

#include <array>

namespace aldis {
namespace codec {
namespace {

constexpr places cak = in(packet_type::connack), pak = in(packet_type::puback), prc = in(packet_type::pubrec), prl = in(packet_type::pubrel),
                 pcp = in(packet_type::pubcomp), sak = in(packet_type::suback), uak = in(packet_type::unsuback),
                 dis = in(packet_type::disconnect), aut = in(packet_type::auth);
constexpr places publishing = pak | prc;
constexpr places anything = cak | publishing | sak | uak | dis;

using enum reason_code;

constexpr std::array rows{
    //          code                                    allowed                                   client server v3 name
    reason_spec{success,                                cak | publishing | prl | pcp | sak | uak | dis | aut, 0, aut, 0, "Success"},
    reason_spec{granted_qos_1,                          sak,                                      0,     0,     0, "Granted QoS 1"},
    reason_spec{granted_qos_2,                          sak,                                      0,     0,     0, "Granted QoS 2"},
    reason_spec{disconnect_with_will,                   dis,                                      dis,   0,     0, "Disconnect with Will Message"},
    reason_spec{no_matching_subscribers,                publishing,                               0,     0,     0, "No matching subscribers"},
    reason_spec{no_subscription_existed,                uak,                                      0,     0,     0, "No subscription existed"},
    reason_spec{continue_authentication,                aut,                                      0,     0,     0, "Continue authentication"},
    reason_spec{re_authenticate,                        aut,                                      aut,   0,     0, "Re-authenticate"},
    reason_spec{unspecified_error,                      anything,                                 0,     0,     0, "Unspecified error"},
    reason_spec{malformed_packet,                       cak | dis,                                0,     0,     0, "Malformed Packet"},
    reason_spec{protocol_error,                         cak | dis,                                0,     0,     0, "Protocol Error"},
    reason_spec{implementation_specific_error,          anything,                                 0,     0,     0, "Implementation specific error"},
    reason_spec{unsupported_protocol_version,           cak,                                      0,     0,     1, "Unsupported Protocol Version"},
    reason_spec{client_identifier_not_valid,            cak,                                      0,     0,     2, "Client Identifier not valid"},
    reason_spec{bad_user_name_or_password,              cak,                                      0,     0,     4, "Bad User Name or Password"},
    reason_spec{not_authorized,                         anything,                                 0,     dis,   5, "Not authorized"},
    reason_spec{server_unavailable,                     cak,                                      0,     0,     3, "Server unavailable"},
    reason_spec{server_busy,                            cak | dis,                                0,     dis,   0, "Server busy"},
    reason_spec{banned,                                 cak,                                      0,     0,     0, "Banned"},
    reason_spec{server_shutting_down,                   dis,                                      0,     dis,   0, "Server shutting down"},
    reason_spec{bad_authentication_method,              cak | dis,                                0,     0,     0, "Bad authentication method"},
    reason_spec{keep_alive_timeout,                     dis,                                      0,     dis,   0, "Keep Alive timeout"},
    reason_spec{session_taken_over,                     dis,                                      0,     dis,   0, "Session taken over"},
    reason_spec{topic_filter_invalid,                   sak | uak | dis,                          0,     dis,   0, "Topic Filter invalid"},
    reason_spec{topic_name_invalid,                     cak | publishing | dis,                   0,     0,     0, "Topic Name invalid"},
    reason_spec{packet_identifier_in_use,               publishing | sak | uak,                   0,     0,     0, "Packet Identifier in use"},
    reason_spec{packet_identifier_not_found,            prl | pcp,                                0,     0,     0, "Packet Identifier not found"},
    reason_spec{receive_maximum_exceeded,               dis,                                      0,     0,     0, "Receive Maximum exceeded"},
    reason_spec{topic_alias_invalid,                    dis,                                      0,     0,     0, "Topic Alias invalid"},
    reason_spec{packet_too_large,                       cak | dis,                                0,     0,     0, "Packet too large"},
    reason_spec{message_rate_too_high,                  dis,                                      0,     0,     0, "Message rate too high"},
    reason_spec{quota_exceeded,                         cak | publishing | sak | dis,             0,     0,     0, "Quota exceeded"},
    reason_spec{administrative_action,                  dis,                                      0,     0,     0, "Administrative action"},
    reason_spec{payload_format_invalid,                 cak | publishing | dis,                   0,     0,     0, "Payload format invalid"},
    reason_spec{retain_not_supported,                   cak | dis,                                0,     dis,   0, "Retain not supported"},
    reason_spec{qos_not_supported,                      cak | dis,                                0,     dis,   0, "QoS not supported"},
    reason_spec{use_another_server,                     cak | dis,                                0,     dis,   0, "Use another server"},
    reason_spec{server_moved,                           cak | dis,                                0,     dis,   0, "Server moved"},
    reason_spec{shared_subscriptions_not_supported,     sak | dis,                                0,     dis,   0, "Shared Subscriptions not supported"},
    reason_spec{connection_rate_exceeded,               cak | dis,                                0,     dis,   0, "Connection rate exceeded"},
    reason_spec{maximum_connect_time,                   dis,                                      0,     dis,   0, "Maximum connect time"},
    reason_spec{subscription_identifiers_not_supported, sak | dis,                                0,     dis,   0, "Subscription Identifiers not supported"},
    reason_spec{wildcard_subscriptions_not_supported,   sak | dis,                                0,     dis,   0, "Wildcard Subscriptions not supported"},
};

static_assert(rows.size() == 43, "the specification has 43 values");
static_assert([] {
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (i > 0 && rows[i - 1].code >= rows[i].code) return false;
        if (((rows[i].client_only | rows[i].server_only) & ~rows[i].allowed) != 0) return false;
    }
    return true;
}(), "rows stand in ascending order, and who may send a code concerns only the packets that may carry it");

// value -> row + 1; 0 where there is no such reason code
constexpr auto index_of = [] {
    std::array<std::uint8_t, 256> index{};
    for (std::size_t i = 0; i < rows.size(); ++i) index[static_cast<std::size_t>(rows[i].code)] = static_cast<std::uint8_t>(i + 1);
    return index;
}();

// sender and value -> the packets that may carry it
constexpr auto carriers = [] {
    std::array<std::array<places, 256>, 4> table{};
    for (auto const& row : rows) {
        auto const value = static_cast<std::size_t>(row.code);
        table[static_cast<std::size_t>(sender::either)][value] = row.allowed;
        table[static_cast<std::size_t>(sender::client)][value] = static_cast<places>(row.allowed & ~row.server_only);
        table[static_cast<std::size_t>(sender::server)][value] = static_cast<places>(row.allowed & ~row.client_only);
    }
    return table;
}();

} // namespace

std::span<reason_spec const> reason_specs() noexcept { return rows; }

reason_spec const* find_reason(std::uint8_t value) noexcept { return index_of[value] == 0 ? nullptr : &rows[index_of[value] - 1U]; }

std::uint8_t connack_code(reason_code reason, protocol version) noexcept {
    auto const        code = static_cast<std::uint8_t>(reason);
    auto const* const row = is_v5(version) ? nullptr : find_reason(code);
    return row != nullptr ? row->v3_return_code : code;
}

bool may_carry(packet_type type, reason_code code, sender from) noexcept {
    return (carriers[static_cast<std::size_t>(from)][static_cast<std::size_t>(code)] & in(type)) != 0;
}

} // namespace codec

std::string_view name_of(reason_code reason, packet_type where) noexcept {
    if (reason == reason_code::success && where == packet_type::disconnect) return "Normal disconnection";
    if (reason == reason_code::success && where == packet_type::suback) return "Granted QoS 0";
    auto const* const row = codec::find_reason(static_cast<std::uint8_t>(reason));
    return row == nullptr ? "unknown reason" : row->name;
}

} // namespace aldis
