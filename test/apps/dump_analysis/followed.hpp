// Conversations for tests, followed by analysis: what it found out of each packet.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <aldis/follow/analysis.hpp>
#include <dump/packets/streams.hpp>
#include <finding_text.hpp>
#include <support/hex.hpp>

namespace aldis::test {

using namespace aldis::app::dump;

/// "3 acks=2 +1.000ms !MQTT-2.2.1-3": the frame, what was found, the rules that are broken; "note ..." for notes.
class follower final : public stage {
public:
    void packet(record& r) override {
        std::string line = std::to_string(r.at.number);
        follow::append_findings(line, r);
        for (auto const& v : r.tree->violations) line += " !" + std::string{v.id};
        lines.push_back(line);
        found.push_back(r.found);
        topics.emplace_back(r.found.topic);
    }
    void gap(conversation const&, unsigned, frame_stamp, hole const&) override {}
    void end(conversation const&, unsigned, frame_stamp) override {}
    void forget(conversation const&) override {}
    void frame_done(frame_stamp) override {}
    void note(frame_stamp, conversation const*, std::string const& text) override { lines.push_back("note " + text); }
    void finish() override {}

    std::vector<std::string> lines{};
    std::vector<findings>    found{};
    std::vector<std::string> topics{};
};

/// A place where conversations are watched. Each piece is a frame of its own, a millisecond behind the one before.
class watch {
public:
    class line;

    watch() : analysis_(follow::make_analysis(out)), in_(std::make_unique<streams>(*analysis_, stream_options{})) {}

    line open(std::string address = "10.0.0.1");

    watch& pass(std::int64_t seconds) {
        at_.time += seconds * 1'000'000'000;
        return *this;
    }
    std::vector<std::string> const& done() {
        in_->finish();
        return out.lines;
    }
    /// The line of the packet in this frame.
    std::string at(std::uint64_t frame) const {
        auto const number = std::to_string(frame);
        for (auto const& l : out.lines)
            if (l == number || l.starts_with(number + ' ')) return l.substr(number.size());
        return "nothing";
    }
    std::uint64_t frame() const noexcept { return at_.number; }

    follower out{};

private:
    std::unique_ptr<stage>                     analysis_;
    std::unique_ptr<streams>                   in_;
    std::vector<std::unique_ptr<conversation>> talks_{};
    frame_stamp                                at_{0, 1'000'000'000};
};

/// One conversation; end 0 is the client.
class watch::line {
public:
    line(watch& w, conversation& c) : w_(w), c_(c) {}

    /// What analysis says of it.
    std::string client(std::string_view hex) { return send(0, hex); }
    std::string server(std::string_view hex) { return send(1, hex); }
    /// The same, from a segment that acknowledged what was not captured yet.
    std::string ahead(unsigned from, std::string_view hex) {
        stamp_.unordered = true;
        auto const said = send(from, hex);
        stamp_.unordered = false;
        return said;
    }
    /// The same, from an end that had not heard all.
    std::string unheard(unsigned from, std::string_view hex) {
        stamp_.unheard = true;
        auto const said = send(from, hex);
        stamp_.unheard = false;
        return said;
    }
    line& lose(unsigned from) {
        w_.in_->gap(c_, from, next(), 0, false);
        return *this;
    }
    /// The first bytes of a packet, of which the snap length cut `missing`.
    std::string cut(unsigned from, std::string_view hex, std::uint64_t missing) {
        auto const bytes = from_hex(hex);
        w_.in_->bytes(c_, from, next(), bytes);
        w_.in_->gap(c_, from, next_, missing, true);
        w_.in_->frame_done(next_);
        return w_.at(w_.frame());
    }
    line& end() {
        for (unsigned from : {0U, 1U}) w_.in_->end(c_, from, next());
        return *this;
    }
    std::string last() const { return w_.at(w_.frame()); }

private:
    std::string send(unsigned from, std::string_view hex) {
        auto const bytes = from_hex(hex);
        w_.in_->bytes(c_, from, next(), bytes);
        w_.in_->frame_done(next_);
        return w_.at(w_.frame());
    }
    frame_stamp next() noexcept {
        ++w_.at_.number;
        w_.at_.time += 1'000'000;
        next_ = w_.at_;
        next_.unordered = stamp_.unordered;
        next_.unheard = stamp_.unheard;
        return next_;
    }

    watch&        w_;
    conversation& c_;
    frame_stamp   stamp_{};
    frame_stamp   next_{};
};

inline watch::line watch::open(std::string address) {
    auto c = std::make_unique<conversation>();
    c->number = static_cast<std::uint32_t>(talks_.size());
    c->ends = {peer{std::move(address), 40000}, peer{"10.0.0.9", 1883}};
    c->saw_start = true;
    talks_.push_back(std::move(c));
    return {*this, *talks_.back()};
}

// Packets, for both versions where their bytes are the same.
inline constexpr std::string_view connect_311 = "10 0d 00 04 4d 51 54 54 04 02 00 3c 00 01 78";          // "x", clean, 60 s
inline constexpr std::string_view resume_311 = "10 0d 00 04 4d 51 54 54 04 00 00 3c 00 01 78";           // the same, not clean
inline constexpr std::string_view connect_5 = "10 0e 00 04 4d 51 54 54 05 02 00 3c 00 00 01 78";
inline constexpr std::string_view resume_5 = "10 0e 00 04 4d 51 54 54 05 00 00 3c 00 00 01 78";
inline constexpr std::string_view connack_311 = "20 02 00 00";
inline constexpr std::string_view present_311 = "20 02 01 00";
inline constexpr std::string_view connack_5 = "20 03 00 00 00";
inline constexpr std::string_view present_5 = "20 03 01 00 00";
inline constexpr std::string_view q1_311 = "32 08 00 03 61 2f 62 00 05 78";                              // a/b, id 5, "x"
inline constexpr std::string_view q1_dup_311 = "3a 08 00 03 61 2f 62 00 05 78";
inline constexpr std::string_view q2_311 = "34 08 00 03 61 2f 62 00 05 78";
inline constexpr std::string_view q1_5 = "32 09 00 03 61 2f 62 00 05 00 78";
inline constexpr std::string_view q1_dup_5 = "3a 09 00 03 61 2f 62 00 05 00 78";
inline constexpr std::string_view q2_5 = "34 09 00 03 61 2f 62 00 05 00 78";
inline constexpr std::string_view puback = "40 02 00 05";
inline constexpr std::string_view pubrec = "50 02 00 05";
inline constexpr std::string_view pubrel = "62 02 00 05";
inline constexpr std::string_view pubcomp = "70 02 00 05";
inline constexpr std::string_view pingreq = "c0 00", pingresp = "d0 00", disconnect = "e0 00";

} // namespace aldis::test
