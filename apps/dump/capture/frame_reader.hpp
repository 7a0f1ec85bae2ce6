// Frames of a capture file, whatever its format.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <aldis/codec/bytes.hpp>

#include "../source.hpp"
#include "byte_input.hpp"

namespace aldis::app::dump {

/// One frame as it stands in the file; the view lives until the next one is read.
struct captured_frame {
    frame_stamp   at{};
    std::uint16_t link = 0;                                        // LINKTYPE_ number
    bytes_view    data{};
    std::uint64_t size = 0;                                        // on the wire; more than data where the capture cut it
};

class frame_reader {
public:
    virtual ~frame_reader() = default;
    /// Reads the next frame; false at the end. Throws input_error for what is no frame.
    virtual bool next(captured_frame& into) = 0;
    /// Why the end came early, as a sentence; empty when it did not.
    virtual std::string early_end() const { return {}; }
    virtual progress position() const noexcept = 0;
};

/// No frame is longer: what says more is damaged.
inline constexpr std::uint32_t max_frame = 256U << 10;

/// Takes the text of a block of secrets.
using secrets_handler = std::function<void(bytes_view)>;

/// Looks at the first bytes to tell pcap and pcapng. `name` is for messages.
std::unique_ptr<frame_reader> open_frames(std::unique_ptr<byte_input> from, std::string const& name, secrets_handler on_secrets);

/// The two formats, whose first bytes were seen in `from`.
std::unique_ptr<frame_reader> open_pcap(input_buffer from, std::string const& name);
std::unique_ptr<frame_reader> open_pcapng(input_buffer from, std::string const& name, secrets_handler on_secrets);

} // namespace aldis::app::dump
