// The filters: a stage that drops what was not asked for.
#pragma once

#include <cstdint>
#include <deque>
#include <set>
#include <string_view>
#include <utility>

#include "dump/record.hpp"
#include "filter_settings.hpp"

namespace aldis::app::dump {

/// Passes on the packets that `wanted` describes. What is known of whole conversations (stream, host, port) decides on their gaps, ends and
/// notes too; client decides on them once a packet was seen; topic, type and QoS are of packets only, and let gaps and notes through.
///
/// --topic takes PUBLISH with its resolved topic, CONNECT with its will, SUBSCRIBE and UNSUBSCRIBE with a filter that overlaps, and the
/// answers to all of them: of a PUBLISH where analysis knows it, of the others by the packet identifier.
/// --qos takes PUBLISH, its answers where the flow is known, and SUBSCRIBE that asks for it.
class filter final : public passing_stage {
public:
    /// `wanted` must outlive this.
    filter(stage& next, filter_settings const& wanted) noexcept : passing_stage(next), wanted_(wanted) {}

    void packet(record& r) override;
    void gap(conversation const& of, unsigned from, frame_stamp at, hole const& what) override;
    void end(conversation const& of, unsigned from, frame_stamp at) override;
    void forget(conversation const& of) override;
    void note(frame_stamp at, conversation const* of, std::string const& text) override;
    /// Says so where nothing passed.
    void finish() override;

private:
    using question = std::pair<std::uint32_t, std::uint64_t>;      // stream; type, sender and packet identifier

    bool takes(conversation const& of) const noexcept;
    bool takes_here(conversation const& of) const noexcept;
    bool takes_client(record const& r);
    bool takes_topic(record const& r);
    bool takes_qos(record const& r) const noexcept;
    bool names_topic(record const& r) const;
    bool is_topic(std::string_view topic) const noexcept;
    void remember(record const& r);

    filter_settings const&     wanted_;
    std::uint64_t              seen_ = 0, passed_ = 0;             // packets
    std::set<question>         asked_{};                           // SUBSCRIBE and UNSUBSCRIBE that passed, and wait for their answer
    std::deque<question>       order_{};
    std::set<std::uint32_t>    other_clients_{};                   // conversations whose client was not asked for
};

} // namespace aldis::app::dump
