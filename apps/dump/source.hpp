// What every input brings: pieces of byte streams in order, each with the frame that completed it.
#pragma once

#include <cstdint>
#include <string>

#include <aldis/codec/bytes.hpp>
#include <aldis/follow/conversation.hpp>

namespace aldis::app::dump {

using follow::carrier;
using follow::conversation;
using follow::frame_stamp;
using follow::peer;

/// What a source calls. Calls come in order of frames.
class sink {
public:
    /// In-order bytes that conversation.ends[from] sent. `at` is the frame that completed them (for WebSocket: that completed the WebSocket
    /// frame; for TLS: the record). Views live until the call returns.
    virtual void bytes(conversation const& of, unsigned from, frame_stamp at, bytes_view data) = 0;
    /// Bytes are missing here: not captured, lost, or the capture cut the frame short. `size` as far as known (0: unknown). `snapped`: cut
    /// by the snap length, and the stream goes on right after these bytes.
    virtual void gap(conversation const& of, unsigned from, frame_stamp at, std::uint64_t size, bool snapped) = 0;
    /// FIN or RST from that end, at most once for each; both ends bring one when the conversation is over.
    virtual void end(conversation const& of, unsigned from, frame_stamp at) = 0;
    /// The last call for `of`, which is gone when it returns: too many conversations, and this one was idle longest. What is kept by its
    /// address must go. Not called for those that are there when the input ends.
    virtual void forget(conversation const& of) = 0;
    /// All that a frame brought was brought (also called for frames that brought nothing): lines of this frame can be printed.
    virtual void frame_done(frame_stamp at) = 0;
    /// Something to tell the user that is no packet: "TLS, no keys for this session", "interface 1 has link type 220, which is not read".
    /// Printed on standard error, or as a note line. `of` may be null.
    virtual void note(frame_stamp at, conversation const* of, std::string const& text) = 0;

protected:
    ~sink() = default;
};

} // namespace aldis::app::dump
