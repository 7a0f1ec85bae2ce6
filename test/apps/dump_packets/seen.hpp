// The last stage of a pipeline for tests: writes down what came.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <aldis/dissect/render.hpp>
#include <dump/packets/streams.hpp>
#include <support/hex.hpp>

namespace aldis::test {

using namespace aldis::app::dump;

/// "3.0 5.0 Publish Message [a] !MQTT-3.3.1-4" for packet 0 of frame 3; "~5.0" where the version was guessed; "gap 10+3" for 10 bytes lost
/// and 3 skipped.
class seen final : public stage {
public:
    void packet(record& r) override {
        std::string line = std::to_string(r.at.number) + '.' + std::to_string(r.pdu) + (r.version_from == version_source::guess ? " ~" : " ");
        line += r.tree->version_known ? name_of(r.tree->version) : "?";
        line += ' ';
        dissect::append_info(line, *r.tree);
        for (auto const& v : r.tree->violations) line += " !" + std::string{v.id};
        if (r.tree->truncated) line += " cut " + std::to_string(r.tree->bytes.size()) + '/' + std::to_string(r.tree->size);
        if (r.by != sender::either) line += r.by == sender::client ? " c" : " s";
        lines.push_back(line);
    }
    void gap(conversation const&, unsigned, frame_stamp, hole const& what) override {
        lines.push_back("gap " + std::to_string(what.lost) + '+' + std::to_string(what.skipped));
    }
    void end(conversation const&, unsigned, frame_stamp) override {}
    void forget(conversation const&) override {}
    void frame_done(frame_stamp) override {}
    void note(frame_stamp, conversation const*, std::string const& text) override { lines.push_back("note " + text); }
    void finish() override {}

    std::vector<std::string> lines{};
};

/// Conversations between a client (0) and a server (1) that bring pieces, each in a frame of its own.
class wire {
public:
    explicit wire(stream_options options = {}, bool from_start = true, std::uint16_t port = 5000)
        : in_(std::make_unique<streams>(out, std::move(options))), first_(talk(from_start, port)) {}

    conversation& talk(bool from_start, std::uint16_t port = 5000) {
        auto c = std::make_unique<conversation>();
        c->number = static_cast<std::uint32_t>(talks_.size());
        c->ends = {peer{"10.0.0.1", 40000}, peer{"10.0.0.2", port}};
        c->saw_start = from_start;
        talks_.push_back(std::move(c));
        return *talks_.back();
    }

    wire& send(conversation& c, unsigned from, byte_buffer const& bytes) {
        in_->bytes(c, from, stamp(), bytes);
        in_->frame_done(at_);
        return *this;
    }
    wire& client(std::string_view hex) { return send(first_, 0, from_hex(hex)); }
    wire& server(std::string_view hex) { return send(first_, 1, from_hex(hex)); }
    wire& gap(unsigned from, std::uint64_t size, bool snapped = false) {
        in_->gap(first_, from, stamp(), size, snapped);
        return *this;
    }
    wire& end() {
        for (unsigned from : {0U, 1U}) in_->end(first_, from, stamp());
        return *this;
    }
    std::vector<std::string> const& done() {
        in_->finish();
        return out.lines;
    }
    streams& in() noexcept { return *in_; }

    seen out{};

private:
    frame_stamp stamp() noexcept {
        ++at_.number;
        at_.time += 1'000'000;
        return at_;
    }

    std::unique_ptr<streams>                   in_;
    std::vector<std::unique_ptr<conversation>> talks_{};
    conversation&                              first_;
    frame_stamp                                at_{};
};

} // namespace aldis::test
