// What the printers share: the output buffer, times, endpoints, and the frame whose packets they gather.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <aldis/dissect/render.hpp>

#include <aldis/follow/print_options.hpp>
#include <aldis/follow/record.hpp>

namespace aldis::follow {

/// One large buffer in front of whatever takes the text. What the two functions throw comes out of the printer.
class output {
public:
    using writer = std::function<void(std::string_view text)>;

    /// `write` is given many whole lines at a time; `note`, one line about what is no packet, behind all that was written before it.
    output(writer write, writer note) : write_(std::move(write)), note_(std::move(note)) {}

    std::string text{};

    /// Writes when there is much.
    void may_flush() { if (text.size() >= full) flush(); }
    void flush();
    void note(std::string_view line) {
        flush();
        note_(line);
    }

private:
    static constexpr std::size_t full = 256 * 1024;
    writer                       write_;
    writer                       note_;
};

/// The last stage: what it prints, it prints from records as they come.
class printer : public stage {
public:
    /// `live`: lines are wanted at once.
    printer(output& out, print_options const& wanted, bool live) noexcept : out_(out), wanted_(wanted), live_(live) {}

    void end(conversation const&, unsigned, frame_stamp) override {}
    void forget(conversation const&) override {}
    void gap(conversation const& of, unsigned from, frame_stamp at, hole const& what) override;
    void frame_done(frame_stamp at) override;
    void note(frame_stamp at, conversation const* of, std::string const& text) override;
    void finish() override;

protected:
    virtual void close_frame() {}

    std::string&    text() noexcept { return out_.text; }
    print_options const& wanted() const noexcept { return wanted_; }
    output&         out() noexcept { return out_; }
    void            see_time(frame_stamp at) noexcept { if (!begun_) first_ = last_ = at.time, begun_ = true; }
    void            append_time(frame_stamp at);
    std::int64_t    since_first(frame_stamp at) const noexcept { return at.time - first_; }

private:
    output&         out_;
    print_options const& wanted_;
    bool            live_;
    bool            begun_ = false;
    std::int64_t    first_ = 0;
    std::int64_t    last_ = 0;
};

/// Appends nanoseconds as "12.345678901" with so many decimals.
void append_seconds(std::string& out, std::int64_t nanoseconds, unsigned decimals);
/// "127.0.0.1:1883", "[::1]:1883"; without a port where it is 0.
void append_peer(std::string& out, peer const& end);
/// "127.0.0.1:40404 → 127.0.0.1:1883".
void append_route(std::string& out, conversation const& of, unsigned from);
/// "gap: 1448 bytes not captured, 20 bytes skipped, 0.020 s"
void append_hole(std::string& out, hole const& what);
/// The payload of a PUBLISH as a line shows it, `most` bytes of it; nothing for payload_form::none.
void append_payload(std::string& out, dissect::summary const& what, payload_form form, std::size_t most);

} // namespace aldis::follow
