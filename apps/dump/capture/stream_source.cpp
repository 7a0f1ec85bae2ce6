// A byte stream without a capture around it, raw or as text, as a source of one conversation.
#include <algorithm>
#include <atomic>
#include <chrono>

#include "../inputs.hpp"
#include "byte_input.hpp"
#include "stream_source.hpp"
#include "stream_text.hpp"

namespace aldis::app::dump {
namespace {

constexpr std::size_t longest_line = 32U << 20;

std::int64_t now() {
    using namespace std::chrono;
    return duration_cast<nanoseconds>(system_clock::now().time_since_epoch()).count();
}

class stream_source final : public source {
public:
    stream_source(std::unique_ptr<byte_input> from, stream_form form, unsigned sender) : in_(std::move(from)), sender_(sender & 1), text_(sender_) {
        about_.via = carrier::raw;
        about_.ends = {peer{"client", 0}, peer{"server", 0}};
        about_.saw_start = true;
        is_text_ = form == stream_form::text || (form == stream_form::detect && looks_like_text(in_.peek(1)));
    }

    bool step(sink& to) override {
        if (is_over_) return false;
        auto const some = stopped_ ? bytes_view{} : in_.peek(1);
        if (some.empty()) return finish(to);
        at_ = {at_.number + 1, now()};
        if (is_text_) {
            bring_line(to);
        } else {
            to.bytes(about_, sender_, at_, some);
            in_.skip(some.size());
        }
        to.frame_done(at_);
        return true;
    }

    void     stop() noexcept override { stopped_ = true; }
    progress position() const noexcept override { return {in_.offset(), in_.total()}; }

private:
    bool finish(sink& to) {
        is_over_ = true;
        if (at_.number == 0) return false;
        at_ = {at_.number + 1, now()};
        for (unsigned from = 0; from < 2; ++from) to.end(about_, from, at_);
        to.frame_done(at_);
        return false;
    }

    void bring_line(sink& to) {
        auto        text = to_text(in_.peek(1));
        std::size_t end = text.find('\n');
        while (end == std::string_view::npos && text.size() < longest_line) {
            auto const known = text.size();
            text = to_text(in_.peek(known + 1));
            if (text.size() == known) break;
            end = text.find('\n', known);
        }
        if (end == std::string_view::npos && text.size() >= longest_line)
            throw input_error("Line " + std::to_string(at_.number) + " is longer than 32 MiB: break it into several.");
        auto const line = text_.read(text.substr(0, end));
        if (!line.bytes.empty()) to.bytes(about_, line.from, at_, line.bytes);
        in_.skip(std::min(end, text.size() - 1) + 1);
    }

    input_buffer      in_;
    unsigned          sender_;
    text_reader       text_;
    bool              is_text_ = false;
    bool              is_over_ = false;
    conversation      about_{};
    frame_stamp       at_{};
    std::atomic<bool> stopped_{false};
};

} // namespace

std::unique_ptr<source> open_stream_over(std::unique_ptr<byte_input> from, stream_form form, unsigned sender) {
    return std::make_unique<stream_source>(std::move(from), form, sender);
}

std::unique_ptr<source> open_stream(std::string const& path, stream_form form, unsigned from) {
    return open_stream_over(open_input(path), form, from);
}

} // namespace aldis::app::dump
