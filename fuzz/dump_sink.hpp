// What the targets that read captures share: a sink that holds its source to the order of calls, and input taken piece by piece.
#pragma once

#include "fuzz.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include <dump/source.hpp>

namespace aldis::fuzz {

/// Holds the calls to what sink promises.
class strict_sink : public app::dump::sink {
public:
    using conversation = follow::conversation;
    using frame_stamp = follow::frame_stamp;
    using carrier = follow::carrier;

    void bytes(conversation const& of, unsigned from, frame_stamp at, bytes_view data) override {
        said(of, from, at);
        for (auto const b : data) sum_ += std::to_integer<unsigned>(b);
        auto const [known, is_new] = via_.emplace(&of, of.via);
        check(is_new || known->second == of.via, "what carries a conversation is settled before its first bytes");
    }
    void gap(conversation const& of, unsigned from, frame_stamp at, std::uint64_t, bool) override { said(of, from, at); }
    void end(conversation const& of, unsigned from, frame_stamp at) override {
        said(of, from, at);
        check(ended_.insert({&of, from}).second, "an end comes once");
    }
    void forget(conversation const& of) override {
        via_.erase(&of);
        for (unsigned from = 0; from < 2; ++from) ended_.erase({&of, from});
    }
    void frame_done(frame_stamp at) override {
        check(at.number == done_ + 1, "frames are done one after the other");
        done_ = at.number;
    }
    void note(frame_stamp, conversation const*, std::string const& text) override { check(!text.empty(), "a note says something"); }

    frame_stamp next() const noexcept { return {done_ + 1, static_cast<std::int64_t>(done_) * 1'000'000}; }

private:
    void said(conversation const& of, unsigned from, frame_stamp at) {
        check(from < 2 && !of.ends[0].address.empty(), "an end has an address");
        check(at.number == done_ + 1, "what is brought belongs to the frame that is not done");
    }

    std::uint64_t                                      done_ = 0;
    unsigned                                           sum_ = 0;
    std::map<conversation const*, carrier>             via_{};
    std::set<std::pair<conversation const*, unsigned>> ended_{};
};

/// Takes numbers off the front; zeros at the end.
class script {
public:
    explicit script(bytes_view left) noexcept : left_(left) {}

    bool     is_over() const noexcept { return left_.empty(); }
    unsigned byte() noexcept {
        if (left_.empty()) return 0;
        auto const value = std::to_integer<unsigned>(left_.front());
        left_ = left_.subspan(1);
        return value;
    }
    bytes_view piece(std::size_t size) noexcept {
        auto const taken = left_.first(std::min(size, left_.size()));
        left_ = left_.subspan(taken.size());
        return taken;
    }

private:
    bytes_view left_;
};

} // namespace aldis::fuzz
