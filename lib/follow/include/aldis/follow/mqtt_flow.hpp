// A conversation that is known to be MQTT: its bytes become packets, its packets records.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <aldis/dissect/dissector.hpp>

#include <aldis/follow/record.hpp>

namespace aldis::follow {

/// The aliases that one end has set, bounded in what they hold.
class alias_table final : public dissect::alias_lookup {
public:
    std::string_view topic_of(std::uint16_t alias) const noexcept override;
    /// `room`: bytes that it may grow by.
    void             set(std::uint16_t alias, std::string_view topic, std::size_t room);
    void             clear() noexcept;
    /// Nothing was forgotten.
    bool             is_whole() const noexcept { return whole_; }
    /// Bytes, those that the table itself needs among them.
    std::size_t      held() const noexcept { return held_; }

private:
    std::unordered_map<std::uint16_t, std::string> topics_{};
    std::size_t                                    held_ = 0;
    bool                                           whole_ = true;
};

/// What one end has sent and is not a record yet.
struct mqtt_half {
    byte_buffer                begun{};                            // the front of a packet
    std::size_t                whole = 0;                          // its size, once known
    std::uint64_t              passing = 0;                        // bytes of it that go by and are not kept
    std::optional<frame_stamp> last{};                             // of the last bytes
    hole                       open{};                             // bytes missing in front of the next packet
    bool                       has_hole = false;
    bool                       started = false;                    // a packet was seen
    bool                       lost = false;                       // where the next packet begins is not known
    alias_table                aliases{};
};

struct mqtt_flow {
    conversation const*     of = nullptr;
    protocol                version = protocol::v3_1_1;
    bool                    version_known = true;
    bool                    surely_v5 = false;                     // packets were seen that 3.1.1 does not have
    version_source          version_from = version_source::guess;
    std::optional<unsigned> client{};                              // which end
    bool                    greeted = false;                       // a CONNECT was seen
    std::string             client_id{};
    std::array<mqtt_half, 2>     halves{};

    sender by(unsigned from) const noexcept {
        if (!client) return sender::either;
        return *client == from ? sender::client : sender::server;
    }
};

struct packet_options {
    std::optional<protocol> version{};                             // for every conversation, whatever its CONNECT says
    std::size_t             max_packet = std::size_t{16} << 20;    // of a larger one, the rest goes by
    std::size_t             max_held = std::size_t{32} << 20;      // bytes of packets that are not complete, in all flows together
    std::size_t             max_aliases = std::size_t{16} << 20;   // bytes of topics that have an alias, in all flows together
};

/// Cuts flows into packets and hands their records to the first stage. What all flows hold together is bounded: beyond it, little is kept of
/// a packet that is not complete, and new aliases are not kept.
class packet_maker {
public:
    packet_maker(stage& to, packet_options const& options) : to_(to), options_(options) {}

    /// Takes bytes; returns how many. When the framing breaks the half is lost, and the rest is not taken.
    std::size_t bytes(mqtt_flow& f, unsigned from, frame_stamp at, bytes_view data);
    /// Bytes are missing. The half is lost unless the gap lies inside a packet, whose end is then known.
    void gap(mqtt_flow& f, unsigned from, frame_stamp at, std::uint64_t size, bool snapped);
    /// Bytes that are there but belong to no packet that could be found.
    void skip(mqtt_flow& f, unsigned from, std::uint64_t size) noexcept;
    /// Tells of an open hole behind which no packet came.
    void tell_hole(mqtt_flow& f, unsigned from, frame_stamp at);
    void end(mqtt_flow& f, unsigned from, frame_stamp at);
    /// The flow goes away, without a word.
    void forget(mqtt_flow& f) noexcept;

private:
    void        clear(mqtt_half& h) noexcept;
    std::size_t take_begun(mqtt_flow& f, unsigned from, frame_stamp at, bytes_view data);
    bool        begin(mqtt_half& h, bytes_view data);
    void        complete(mqtt_flow& f, unsigned from, frame_stamp at);
    void        break_off(mqtt_flow& f, unsigned from, frame_stamp at, bytes_view header);
    void        make(mqtt_flow& f, unsigned from, frame_stamp at, bytes_view packet, std::size_t size);
    void        dissect(mqtt_flow& f, unsigned from, bytes_view packet, std::size_t size);
    void        learn(mqtt_flow& f, unsigned from);
    void        check_order(mqtt_flow& f, unsigned from, frame_stamp at);

    stage&             to_;
    packet_options       options_;
    dissect::dissector dissector_{};
    byte_buffer        spare_{};
    record             record_{};
    std::uint64_t      frame_ = 0;
    std::uint32_t      pdu_ = 0;
    std::size_t        held_ = 0;                                  // in the flows' `begun`
    std::size_t        aliases_ = 0;                               // in their tables
};

} // namespace aldis::follow
