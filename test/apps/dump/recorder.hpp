// A sink that writes down what it is told, one line each.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include <dump/capture/capture_source.hpp>
#include <dump/inputs.hpp>

namespace aldis::test {

using namespace aldis::app::dump;

/// "3 c: text" for bytes of frame 3 from end 0 of conversation 0, "3 s1: ..." from end 1 of conversation 1; gap, cut, end, gone, note.
class recorder final : public sink {
public:
    void bytes(conversation const& of, unsigned from, frame_stamp at, bytes_view data) override {
        if (data.empty()) return;
        check_order(at);
        auto& last = streams[{of.number, from}];
        last.append(to_text(data));
        vias[of.number] = of.via;
        lines.push_back(who(of, from, at) + ": " + std::string{to_text(data)});
    }
    void gap(conversation const& of, unsigned from, frame_stamp at, std::uint64_t size, bool snapped) override {
        check_order(at);
        lines.push_back(who(of, from, at) + (snapped ? " cut " : " gap ") + std::to_string(size));
    }
    void end(conversation const& of, unsigned from, frame_stamp at) override {
        check_order(at);
        if (!ended.insert({of.number, from}).second) lines.push_back("ended twice");
        lines.push_back(who(of, from, at) + " end");
    }
    void forget(conversation const& of) override { lines.push_back("gone " + std::to_string(of.number)); }
    void frame_done(frame_stamp at) override {
        if (at.number != done + 1) lines.push_back("frame " + std::to_string(at.number) + " after " + std::to_string(done));
        done = at.number;
        time = at.time;
    }
    void note(frame_stamp at, conversation const*, std::string const& text) override {
        notes.push_back(text);
        (void)at;
    }

    std::string stream(std::uint32_t number, unsigned from) const {
        auto const at = streams.find({number, from});
        return at == streams.end() ? std::string{} : at->second;
    }

    std::vector<std::string>                                 lines{};
    std::vector<std::string>                                 notes{};
    std::map<std::pair<std::uint32_t, unsigned>, std::string> streams{};
    std::map<std::uint32_t, carrier>                         vias{};
    std::set<std::pair<std::uint32_t, unsigned>>             ended{};
    std::uint64_t                                            done = 0;
    std::int64_t                                             time = 0;

private:
    // Calls come in the order of frames, and before their frame is done.
    void check_order(frame_stamp at) {
        if (at.number != done + 1) lines.push_back("out of order: " + std::to_string(at.number) + " behind " + std::to_string(done));
    }
    static std::string who(conversation const& of, unsigned from, frame_stamp at) {
        return std::to_string(at.number) + " " + (from == 0 ? "c" : "s") + (of.number == 0 ? "" : std::to_string(of.number));
    }
};

/// Plays a capture in memory to its end.
inline recorder play(bytes_view capture, capture_options const& options = {}) {
    recorder       told;
    capture_source from{memory_input(capture), "test", options};
    while (from.step(told)) {}
    return told;
}

using lines = std::vector<std::string>;

} // namespace aldis::test
