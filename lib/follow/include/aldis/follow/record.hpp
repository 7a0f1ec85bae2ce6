// What flows through `dump` once streams are cut into packets: records, and the stages that look at them, add to them, drop or print them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <aldis/codec/types.hpp>
#include <aldis/dissect/tree.hpp>

#include <aldis/follow/findings.hpp>
#include <aldis/follow/conversation.hpp>

namespace aldis::follow {

/// How the protocol version of a conversation is known: its CONNECT says so, it was guessed, or the command line says so.
enum class version_source : std::uint8_t { connect, guess, option };

/// Bytes that are not there. `lost`: by the capture, 0 when it is not known how many; `skipped`: there, but it could not be told where a
/// packet begins in them. `pause`: nanoseconds since the last bytes from that end before the gap.
struct hole {
    std::uint64_t lost = 0;
    std::uint64_t skipped = 0;
    std::int64_t  pause = 0;
    bool          snapped = false;                                 // cut by the snap length of the capture
};

/// Something a stage found out. `key` and `json` (a JSON value) become a member of "x" in the JSON output; `text`, where it is not empty,
/// is shown at the end of the packet's line.
struct extra {
    std::string_view key{};                                        // lives for ever
    std::string      json{};
    std::string      text{};
};

/// One packet in its conversation. Lives until packet() of the first stage returns: a stage that keeps something copies it.
struct record {
    conversation const* of = nullptr;
    unsigned            from = 0;                                  // which of the conversation's ends sent it
    frame_stamp         at{};                                      // the frame that completed it
    std::uint32_t       pdu = 0;                                   // counts the packets of that frame
    sender              by = sender::either;                       // client or server, as far as known
    version_source      version_from = version_source::connect;
    dissect::tree*      tree = nullptr;                            // version, fields, verdict; stages may add to tree->violations
    std::string_view    client{};                                  // the conversation's client identifier, where its CONNECT, or CONNACK that assigned it, was seen
    hole const*         before = nullptr;                          // bytes are missing in front of this packet
    std::vector<extra>  extras{};
    bool                other_misses = false;                      // bytes of the other end are missing, and where its packets go on is not known
    bool                aliases_whole = true;                      // no alias of the sender was forgotten for lack of memory
    findings            found{};                                   // what analysis filled in

    dissect::summary const& what() const noexcept { return tree->what; }
    peer const&             source() const noexcept { return of->ends[from]; }
    peer const&             target() const noexcept { return of->ends[1 - from]; }
    /// True when a rule is broken, or the packet cannot be read to its end.
    bool is_wrong() const noexcept { return tree->malformed || !tree->violations.empty(); }
};

/// A stage of the pipeline. Calls come in the order of frames, from one thread. The stages stand in pipeline.cpp, in order: what adds to
/// records (analysis), what drops some (filters), what shows them (output).
class stage {
public:
    stage() = default;
    stage(stage const&) = delete;
    stage& operator=(stage const&) = delete;
    virtual ~stage() = default;

    virtual void packet(record& r) = 0;
    /// A gap, when it is seen; the next packet from that end has it in `before`.
    virtual void gap(conversation const& of, unsigned from, frame_stamp at, hole const& what) = 0;
    /// FIN or RST from that end.
    virtual void end(conversation const& of, unsigned from, frame_stamp at) = 0;
    /// Nothing more comes for `of`, which is gone when this returns.
    virtual void forget(conversation const& of) = 0;
    /// All packets of this frame have come. Frames are skipped only while records are held back.
    virtual void frame_done(frame_stamp at) = 0;
    virtual void note(frame_stamp at, conversation const* of, std::string const& text) = 0;
    /// The input has ended.
    virtual void finish() = 0;
};

/// A stage that passes everything on to the next; derive from it and override what is of interest, calling `next()` for what goes on.
class passing_stage : public stage {
public:
    explicit passing_stage(stage& next) : next_(next) {}

    void packet(record& r) override { next_.packet(r); }
    void gap(conversation const& of, unsigned from, frame_stamp at, hole const& what) override { next_.gap(of, from, at, what); }
    void end(conversation const& of, unsigned from, frame_stamp at) override { next_.end(of, from, at); }
    void forget(conversation const& of) override { next_.forget(of); }
    void frame_done(frame_stamp at) override { next_.frame_done(at); }
    void note(frame_stamp at, conversation const* of, std::string const& text) override { next_.note(at, of, text); }
    void finish() override { next_.finish(); }

protected:
    stage& next() noexcept { return next_; }

private:
    stage& next_;
};

} // namespace aldis::follow
