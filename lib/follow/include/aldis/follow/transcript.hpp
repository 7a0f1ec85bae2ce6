// A connection's packets in the words of `aldis dump`, for a program's own log; and as a capture file that the dump, and Wireshark, read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>

#include <aldis/codec/bytes.hpp>
#include <aldis/codec/types.hpp>
#include <aldis/follow/conversation.hpp>
#include <aldis/follow/print_options.hpp>

namespace aldis::follow {

enum class transcript_form : std::uint8_t { lines, tree, json };

/// How a transcript is written: one line a packet, with what is known of the conversation, passwords masked, local time.
class transcript_options {
public:
    /// Lines, the tree of `aldis dump -V`, or the objects of `aldis dump --json`.
    transcript_options& form(transcript_form value) { return form_ = value, *this; }
    /// What the dump's options say: payloads, times, passwords, bytes.
    transcript_options& print(print_options const& value) { return print_ = value, *this; }
    /// Answers are matched, sessions followed, rules of the conversation checked. True unless told otherwise; costs memory for what is open.
    transcript_options& flows(bool value) { return flows_ = value, *this; }
    /// What the ends are called. A port of the client that is not 0 counts up with each connection.
    transcript_options& ends(peer client, peer server) { return client_ = std::move(client), server_ = std::move(server), *this; }

    transcript_form      form() const noexcept { return form_; }
    print_options const& print() const noexcept { return print_; }
    bool                 flows() const noexcept { return flows_; }
    peer const&          client() const noexcept { return client_; }
    peer const&          server() const noexcept { return server_; }

private:
    transcript_form form_ = transcript_form::lines;
    print_options   print_{.time = time_form::absolute};
    bool            flows_ = true;
    peer            client_{"client", 0};
    peer            server_{"server", 0};
};

/// Writes what the ends of a connection say, and of those that follow it, packet by packet. Each packet is a frame, numbered as
/// capture_writer numbers them. A CONNECT begins the next connection; sessions are followed over all of them. Memory is bounded.
class transcript {
public:
    /// `write` is given whole lines, those of one packet at a time, each with its end; `note` one line about what is no packet: what was
    /// never answered. Both may throw, which comes out of the call that led to it.
    using writer = std::function<void(std::string_view text)>;

    transcript(writer write, writer note, transcript_options const& how = {});
    transcript(transcript&&) noexcept;
    transcript& operator=(transcript&&) noexcept;
    ~transcript();

    /// One whole packet, good or bad; `by` is the client or the server. `time`: nanoseconds since the epoch.
    void packet(sender by, std::int64_t time, bytes_view bytes);
    /// The connection is over: what was not answered is told of. Nothing happens where none is open.
    void end(std::int64_t time);

private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

/// Makes a capture file of packets: pcap with nanoseconds, each packet in a TCP segment between 127.0.0.1:40000 and 127.0.0.1:1883, the next
/// connection at port 40001, with the segments that begin and end a connection. What went through TLS or a WebSocket is there in clear,
/// passwords too.
class capture_writer {
public:
    /// A packet with more bytes takes several frames.
    static constexpr std::size_t most_in_frame = 65'000;
    static constexpr unsigned    frames_of_start = 2;
    static constexpr unsigned    frames_of_end = 2;

    /// `write` is given the bytes that come next in the file, whole frames at a time; at once, the head of the file.
    explicit capture_writer(std::function<void(std::string_view bytes)> write);

    /// As of a transcript.
    void packet(sender by, std::int64_t time, bytes_view bytes);
    void end(std::int64_t time);

private:
    void frame(unsigned from, std::int64_t time, std::string_view part, unsigned flags);

    std::function<void(std::string_view)> write_;
    std::uint32_t                         connections_ = 0;
    bool                                  open_ = false;
    std::uint32_t                         next_[2]{};              // TCP's numbers
};

} // namespace aldis::follow
