// Which conversations are MQTT, where their packets begin, and in which version: found out from the bytes, while what depends on it waits.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include <aldis/follow/mqtt_flow.hpp>
#include <aldis/follow/packet_chain.hpp>

#include "dump/record.hpp"
#include "dump/source.hpp"

namespace aldis::app::dump {

using follow::mqtt_flow;
using follow::packet_chain;
using follow::packet_maker;
using follow::packet_options;
using follow::versions;

/// How streams are read, and the bounds of what waits.
struct stream_options {
    packet_options            packets{};
    std::set<std::uint16_t> mqtt_ports{};                          // always MQTT: -d
    std::size_t             max_held = std::size_t{4} << 20;       // bytes that wait for a decision
    std::int64_t            max_wait = 0;                          // nanoseconds of capture time that they may wait; 0: for ever
};

/// Takes what a source brings and hands records to the first stage, in the order of frames. A conversation begins undecided. A CONNECT
/// decides it at once; without one, its packets must make a chain that random bytes do not make, from both ends if both speak, before any
/// is shown. Until then its bytes wait, and everything behind them. After a gap the same holds for the end that lost bytes.
class streams final : public sink {
public:
    streams(stage& to, stream_options options);

    void bytes(conversation const& of, unsigned from, frame_stamp at, bytes_view data) override;
    void gap(conversation const& of, unsigned from, frame_stamp at, std::uint64_t size, bool snapped) override;
    void end(conversation const& of, unsigned from, frame_stamp at) override;
    void forget(conversation const& of) override;
    void frame_done(frame_stamp at) override;
    void note(frame_stamp at, conversation const* of, std::string const& text) override;

    /// The input has ended: decides what is undecided by what there is.
    void finish();

private:
    /// What an undecided or lost end has sent so far, up to a gap.
    struct probe {
        byte_buffer              bytes{};
        std::vector<std::size_t> pieces{};                         // where pieces begin
        std::uint64_t            drop = 0;                         // bytes that come first and belong to no packet
        bool                     closed = false;                   // a gap or the end follows
        bool                     gapped = false;                   // bytes are missing in front of it
        bool                     fresh = false;                    // not looked at since it grew

        void clear() noexcept { bytes.clear(), pieces.clear(), closed = false, fresh = true; }
    };

    enum class verdict : std::uint8_t { unknown, mqtt, ignored };

    struct talk : mqtt_flow {
        verdict              state = verdict::unknown;
        bool                 from_start = false;                   // its first bytes are the first of the conversation
        std::array<probe, 2> probes{};
        unsigned             ended = 0;
        std::size_t          queued = 0;
    };

    enum class what : std::uint8_t { bytes, gap, end, frame_done, note };

    struct event {
        what                kind{};
        talk*               of = nullptr;
        unsigned            from = 0;
        frame_stamp         at{};
        std::uint64_t       size = 0;
        bool                snapped = false;
        byte_buffer         data{};
        std::string         text{};
        conversation const* about = nullptr;
    };

    /// A chain in a probe, and where it begins.
    struct find {
        bool        found = false;
        std::size_t offset = 0;
        packet_chain run{};
    };
    using finds = std::array<find, 2>;

    talk& talk_of(conversation const& of);
    void  drop_talk(talk& t);
    void  hold(event e);
    void  feed(talk& t, event const& e);
    void  refill(talk& t, unsigned from);
    void  drain(bool force);
    bool  step(bool force);
    bool  is_overdue() const noexcept;
    void  handle(event& e);
    void  take(talk& t, unsigned from, frame_stamp at, bytes_view data);

    bool settle(talk& t, bool force);
    bool is_connect(talk& t, unsigned from) const noexcept;
    bool is_expected(talk const& t) const noexcept;
    bool is_likely(talk const& t) const noexcept;
    finds    look(talk const& t) const noexcept;
    unsigned missing_evidence(talk const& t, finds const& ends, bool force) const noexcept;
    bool     is_hopeless(talk const& t, finds const& ends) const noexcept;
    bool     choose_version(talk& t, finds const& ends, bool force) const noexcept;
    void     begin(talk& t, finds const& ends);
    void     ignore(talk& t) noexcept;
    bool     settle_half(talk& t, unsigned from, bool force);

    stage&                                                   to_;
    stream_options                                           options_;
    packet_maker                                             maker_;
    std::unordered_map<std::uint32_t, std::unique_ptr<talk>> talks_{};
    talk*                                                    last_ = nullptr;
    std::deque<event>                                        queue_{};
    std::size_t                                              held_ = 0;
};

} // namespace aldis::app::dump
