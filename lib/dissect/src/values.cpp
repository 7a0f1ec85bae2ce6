// What the numbers in fields mean, as tables.
#include "values.hpp"

#include <array>
#include <span>

namespace aldis::dissect {
namespace {

struct value_row {
    std::uint8_t     number;
    std::string_view name;
};

constexpr value_row msgtype[]{
    {0, "Reserved"}, {1, "Connect Command"}, {2, "Connect Ack"}, {3, "Publish Message"}, {4, "Publish Ack"}, {5, "Publish Received"},
    {6, "Publish Release"}, {7, "Publish Complete"}, {8, "Subscribe Request"}, {9, "Subscribe Ack"}, {10, "Unsubscribe Request"},
    {11, "Unsubscribe Ack"}, {12, "Ping Request"}, {13, "Ping Response"}, {14, "Disconnect Req"}, {15, "Authentication Exchange"},
};
constexpr value_row ver[]{{3, "MQTT v3.1"}, {4, "MQTT v3.1.1"}, {5, "MQTT v5.0"}};
constexpr value_row qos[]{
    {0, "At most once delivery (Fire and Forget)"}, {1, "At least once delivery (Acknowledged deliver)"},
    {2, "Exactly once delivery (Assured Delivery)"}, {3, "Reserved"},
};
constexpr value_row suback_qos[]{
    {0, "At most once delivery (Fire and Forget)"}, {1, "At least once delivery (Acknowledged deliver)"},
    {2, "Exactly once delivery (Assured Delivery)"}, {3, "Reserved"}, {128, "Failure"},
};
constexpr value_row conack_val[]{
    {0, "Connection Accepted"}, {1, "Connection Refused: unacceptable protocol version"}, {2, "Connection Refused: identifier rejected"},
    {3, "Connection Refused: server unavailable"}, {4, "Connection Refused: bad user name or password"},
    {5, "Connection Refused: not authorized"},
};
constexpr value_row retain_handling[]{
    {0, "Send msgs at subscription time"}, {1, "Send msgs if subscription does not exist"}, {2, "Do not send msgs at subscription time"},
    {3, "Reserved"},
};
constexpr value_row property_id[]{
    {0x01, "Payload Format Indicator"}, {0x02, "Publication Expiry Interval"}, {0x03, "Content Type"}, {0x08, "Response Topic"},
    {0x09, "Correlation Data"}, {0x0B, "Subscription Identifier"}, {0x11, "Session Expiry Interval"}, {0x12, "Assigned Client Identifier"},
    {0x13, "Server Keep Alive"}, {0x15, "Authentication Method"}, {0x16, "Authentication Data"}, {0x17, "Request Problem Information"},
    {0x18, "Will Delay Interval"}, {0x19, "Request Response Information"}, {0x1A, "Response Information"}, {0x1C, "Server Reference"},
    {0x1F, "Reason String"}, {0x21, "Receive Maximum"}, {0x22, "Topic Alias Maximum"}, {0x23, "Topic Alias"}, {0x24, "Maximum QoS"},
    {0x25, "Retain Available"}, {0x26, "User Property"}, {0x27, "Maximum Packet Size"}, {0x28, "Wildcard Subscription Available"},
    {0x29, "Subscription Identifier Available"}, {0x2A, "Shared Subscription Available"},
};
constexpr value_row connack_reason[]{
    {0x00, "Success"}, {0x80, "Unspecified error"}, {0x81, "Malformed Packet"}, {0x82, "Protocol Error"},
    {0x83, "Implementation specific error"}, {0x84, "Unsupported Protocol Version"}, {0x85, "Client Identifier not valid"},
    {0x86, "Bad User Name or Password"}, {0x87, "Not authorized"}, {0x88, "Server unavailable"}, {0x89, "Server busy"}, {0x8A, "Banned"},
    {0x8C, "Bad authentication method"}, {0x90, "Topic Name invalid"}, {0x95, "Packet too large"}, {0x97, "Quota exceeded"},
    {0x9A, "Retain not supported"}, {0x9B, "QoS not supported"}, {0x9C, "Use another server"}, {0x9D, "Server moved"},
    {0x9F, "Connection rate exceeded"},
};
constexpr value_row puback_reason[]{
    {0x00, "Success"}, {0x10, "No matching subscribers"}, {0x80, "Unspecified error"}, {0x83, "Implementation specific error"},
    {0x87, "Not authorized"}, {0x90, "Topic Name invalid"}, {0x91, "Packet Identifier in use"}, {0x97, "Quota exceeded"},
    {0x99, "Payload format invalid"},
};
constexpr value_row pubrel_reason[]{{0x00, "Success"}, {0x92, "Packet Identifier not found"}};
constexpr value_row suback_reason[]{
    {0x00, "Granted QoS 0"}, {0x01, "Granted QoS 1"}, {0x02, "Granted QoS 2"}, {0x80, "Unspecified error"},
    {0x83, "Implementation specific error"}, {0x87, "Not authorized"}, {0x8F, "Topic Filter invalid"}, {0x91, "Packet Identifier in use"},
    {0x97, "Quota exceeded"}, {0x9E, "Shared Subscription not supported"}, {0xA1, "Subscription Identifiers not supported"},
    {0xA2, "Wildcard Subscription not supported"},
};
constexpr value_row unsuback_reason[]{
    {0x00, "Success"}, {0x11, "No subscription existed"}, {0x83, "Implementation specific error"}, {0x87, "Not authorized"},
    {0x8F, "Topic Filter invalid"}, {0x91, "Packet Identifier in use"},
};
constexpr value_row disconnect_reason[]{
    {0x00, "Normal disconnection"}, {0x04, "Disconnect with Will Message"}, {0x80, "Unspecified error"}, {0x81, "Malformed Packet"},
    {0x82, "Protocol Error"}, {0x83, "Implementation specific error"}, {0x87, "Not authorized"}, {0x89, "Server busy"},
    {0x8B, "Server shutting down"}, {0x8C, "Bad authentication method"}, {0x8D, "Keep Alive timeout"}, {0x8E, "Session taken over"},
    {0x8F, "Topic Filter invalid"}, {0x90, "Topic Name invalid"}, {0x93, "Receive Maximum exceeded"}, {0x94, "Topic Alias invalid"},
    {0x95, "Packet too large"}, {0x96, "Message rate too high"}, {0x97, "Quota exceeded"}, {0x98, "Administrative action"},
    {0x99, "Payload format invalid"}, {0x9A, "Retain not supported"}, {0x9B, "QoS not supported"}, {0x9C, "Use another server"},
    {0x9D, "Server moved"}, {0x9E, "Shared Subscription not supported"}, {0x9F, "Connection rate exceeded"}, {0xA0, "Maximum connect time"},
    {0xA1, "Subscription Identifiers not supported"}, {0xA2, "Wildcard Subscription not supported"},
};
constexpr value_row auth_reason[]{{0x00, "Success"}, {0x18, "Continue authentication"}, {0x19, "Re-authenticate"}};

/// In the order of value_set.
constexpr std::array<std::span<value_row const>, 15> sets{{
    {}, msgtype, ver, qos, suback_qos, conack_val, retain_handling, property_id, connack_reason, puback_reason, pubrel_reason,
    suback_reason, unsuback_reason, disconnect_reason, auth_reason,
}};

} // namespace

std::string_view name_in(value_set set, std::uint64_t number) noexcept {
    for (auto const& row : sets[static_cast<std::size_t>(set)])
        if (row.number == number) return row.name;
    return {};
}

} // namespace aldis::dissect
