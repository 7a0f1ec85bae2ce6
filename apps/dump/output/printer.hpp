// What the printers share: the output buffer, times, endpoints, and the frame whose packets they gather.
#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include <aldis/dissect/render.hpp>

#include "dump/options.hpp"
#include "dump/record.hpp"

namespace aldis::app::dump {

/// Standard output cannot be written any more.
struct output_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// One large buffer in front of a descriptor.
class output {
public:
    explicit output(int descriptor) : descriptor_(descriptor) { text.reserve(full + full / 2); }

    std::string text{};

    /// Writes when there is much. Throws output_error.
    void may_flush() { if (text.size() >= full) flush(); }
    void flush();

private:
    static constexpr std::size_t full = 256 * 1024;
    int                          descriptor_;
};

/// The last stage: what it prints, it prints from records as they come.
class printer : public stage {
public:
    /// `live`: lines are wanted at once.
    printer(output& out, settings const& wanted, bool live) noexcept : out_(out), wanted_(wanted), live_(live) {}

    void end(conversation const&, unsigned, frame_stamp) override {}
    void forget(conversation const&) override {}
    void gap(conversation const& of, unsigned from, frame_stamp at, hole const& what) override;
    void frame_done(frame_stamp at) override;
    void note(frame_stamp at, conversation const* of, std::string const& text) override;
    void finish() override;

protected:
    virtual void close_frame() {}

    std::string&    text() noexcept { return out_.text; }
    settings const& wanted() const noexcept { return wanted_; }
    output&         out() noexcept { return out_; }
    void            see_time(frame_stamp at) noexcept { if (!begun_) first_ = last_ = at.time, begun_ = true; }
    void            append_time(frame_stamp at);
    std::int64_t    since_first(frame_stamp at) const noexcept { return at.time - first_; }

private:
    output&         out_;
    settings const& wanted_;
    bool            live_;
    bool            begun_ = false;
    std::int64_t    first_ = 0;
    std::int64_t    last_ = 0;
};

/// Appends nanoseconds as "12.345678901" with so many decimals.
void append_seconds(std::string& out, std::int64_t nanoseconds, unsigned decimals);
/// "127.0.0.1:1883", "[::1]:1883".
void append_peer(std::string& out, peer const& end);
/// "127.0.0.1:40404 → 127.0.0.1:1883".
void append_route(std::string& out, conversation const& of, unsigned from);
/// "gap: 1448 bytes not captured, 20 bytes skipped, 0.020 s"
void append_hole(std::string& out, hole const& what);
/// The payload of a PUBLISH as a line shows it, `most` bytes of it; nothing for payload_form::none.
void append_payload(std::string& out, dissect::summary const& what, payload_form form, std::size_t most);

/// The printer that `wanted` asks for.
std::unique_ptr<printer> make_printer(output& out, settings const& wanted, bool color, bool live);

} // namespace aldis::app::dump
