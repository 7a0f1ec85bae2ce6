// The inputs of `dump`: capture files, live capture, byte streams and hex text, and the proxy. Each is a source that is stepped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "source.hpp"

namespace aldis::app::dump {

/// An input that cannot be read: what() is a sentence that names file, block or byte offset, and what to try.
class input_error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// How far a source has come, in bytes. `total` is 0 where it is not known: standard input, live capture, the proxy.
struct progress {
    std::uint64_t read = 0;
    std::uint64_t total = 0;
};

/// Brings its frames to a sink, one for each step.
class source {
public:
    source() = default;
    source(source const&) = delete;
    source& operator=(source const&) = delete;
    virtual ~source() = default;

    /// Brings one frame; where frames come with time (live capture, proxy, pipes) returns after a fraction of a second without one, so
    /// that the caller can look around. False at the end: everything was brought, what was held back too. Throws input_error.
    virtual bool step(sink& to) = 0;
    /// Makes the next step the last. May be called from a signal handler, and from another thread.
    virtual void stop() noexcept = 0;
    virtual progress position() const noexcept { return {}; }
};

/// What inputs that carry TCP take. The limits bound memory; the defaults keep a process under 50 MB whatever it reads.
class capture_options {
public:
    capture_options() = default;

    /// A file in the format of SSLKEYLOGFILE; it may grow while it is used. Empty: none.
    capture_options& key_log(std::string path) { key_log_ = std::move(path); return *this; }
    /// So many conversations are remembered; beyond it the one that was idle longest is forgotten.
    capture_options& max_conversations(std::size_t count) { max_conversations_ = count; return *this; }
    /// So many bytes may wait in all for a missing segment, the rest of a record or the rest of a WebSocket frame.
    capture_options& max_held(std::size_t bytes) { max_held_ = bytes; return *this; }

    std::string const& key_log() const noexcept { return key_log_; }
    std::size_t        max_conversations() const noexcept { return max_conversations_; }
    std::size_t        max_held() const noexcept { return max_held_; }

private:
    std::string key_log_{};
    std::size_t max_conversations_ = 16'384;
    std::size_t max_held_ = 12U << 20;
};

/// A pcap or pcapng file; "-" is standard input.
std::unique_ptr<source> open_capture(std::string const& path, capture_options const& options);

/// Whether live capture was built in (libpcap).
bool has_live() noexcept;

/// Frames as they pass `interface` ("any": all), those that the pcap `filter` takes; all when it is empty. Needs the right to capture.
std::unique_ptr<source> open_live(std::string const& interface, std::string const& filter, capture_options const& options);

/// How the bytes of a stream are written: themselves, or as text. Text lines may begin with ">" or "c2s", "<" or "s2c" to tell who sent
/// them, and be what xxd and hexdump -C print; `detect` takes text when the beginning is nothing but that.
enum class stream_form : std::uint8_t { detect, bytes, text };

/// One conversation over `raw`, read from `path` ("-": standard input). Frames are lines of text, or reads. `from`: who sent what no tag tells.
std::unique_ptr<source> open_stream(std::string const& path, stream_form form, unsigned from);

/// Accepts on `listen` ("[host:]port", port 0: any free one, host: loopback unless given) and passes all on to `target` ("host:port"). Each
/// connection is a conversation, each read a frame. What it listens on is its first note.
std::unique_ptr<source> open_proxy(std::string const& listen, std::string const& target, capture_options const& options);

} // namespace aldis::app::dump
