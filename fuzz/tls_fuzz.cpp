// tls: whatever records come and whatever a key log says, reading stays bounded; what is decrypted is what an end has sealed, in its order, and all of it
// where nothing is missing. The first byte chooses: records and a key log as they stand in the input, or two ends that seal what it says.
#include "dump_sink.hpp"

#include <string>

#include <dump/capture/key_log.hpp>
#include <dump/capture/protocol_stack.hpp>

#include "tls_peer.hpp"

using namespace aldis;
using namespace aldis::app::dump;
using fuzz::script;

namespace {

constexpr std::size_t max_held = 64U << 10;

/// Takes down what was decrypted.
class listener final : public fuzz::strict_sink {
public:
    void bytes(conversation const& of, unsigned from, frame_stamp at, bytes_view data) override {
        strict_sink::bytes(of, from, at, data);
        if (of.via == carrier::tls) heard[from].append(to_text(data));
    }
    std::string heard[2]{};
};

/// One conversation behind TCP, a frame for each call.
class line {
public:
    explicit line(bool saw_start) {
        about_.ends = {peer{"c", 1}, peer{"s", 2}};
        about_.saw_start = saw_start;
    }

    void say(unsigned from, bytes_view data) {
        if (ended_[from]) return;
        stack_->bytes(here(from), data);
        done();
    }
    void lose(unsigned from, std::uint64_t size, bool snapped) {
        if (ended_[from]) return;
        stack_->gap(here(from), size, snapped);
        done();
    }
    void end(unsigned from) {
        if (std::exchange(ended_[from], true)) return;
        stack_->end(here(from));
        done();
    }
    void close() {
        stack_.reset();
        fuzz::check(budget_.held() == 0, "what was held is given back");
    }
    bool has_ended(unsigned from) const noexcept { return ended_[from]; }

    key_log  keys{};
    listener told{};

private:
    place here(unsigned from) { return {d_, about_, from, told.next()}; }
    void  done() {
        told.frame_done(told.next());
        fuzz::check(budget_.held() <= max_held, "what is held is bounded");
    }

    memory_budget                   budget_{max_held};
    byte_buffer                     scratch_{};
    delivery const                  d_{told, keys, budget_, scratch_};
    conversation                    about_{};
    bool                            ended_[2]{};
    std::unique_ptr<protocol_stack> stack_ = std::make_unique<protocol_stack>();
};

// ---- bytes as they are --------------------------------------------------------------------------------------------------------------

/// The size of a key log and the log; then pieces: a byte for sender and kind, two for the size, so many bytes.
void play_raw(script of) {
    line       over{(of.byte() & 1) == 0};
    auto const size = [&of] { return of.byte() << 8 | of.byte(); };
    over.keys.add(to_text(of.piece(size())));
    while (!of.is_over()) {
        auto const head = of.byte();
        auto const count = size();
        auto const kind = head >> 1 & 7;
        if (kind == 7) over.end(head & 1);
        else if (kind == 6) over.lose(head & 1, count, (head & 16) != 0);
        else over.say(head & 1, of.piece(count));
    }
    over.close();
}

// ---- ends that seal -----------------------------------------------------------------------------------------------------------------

constexpr std::uint16_t suites[]{0x1301, 0x1302, 0x1303, 0xC02F, 0xC030, 0xCCA8};

/// A session of either version: what its handshake says, in order, and who seals behind it.
struct session {
    struct flight {
        unsigned    from;
        std::string bytes;
    };

    explicit session(std::uint16_t number) {
        using namespace test;
        auto const  is_13 = find_suite(number)->is_13;
        auto const  finished = tls_message(20, std::string(is_13 ? size_of(find_suite(number)->hash) : 12, 'f'));
        std::string change = tls_record(20, "\x01");
        flights.push_back({0, client_hello()});
        flights.push_back({1, server_hello(number, is_13)});
        if (is_13) {
            session_13 s{number};
            log = s.log();
            flights.push_back({1, change + s.server_handshake.seal(22, tls_message(8, std::string(2, '\0')) + tls_message(11, std::string(300, 'c')) + finished)});
            flights.push_back({0, change + s.client_handshake.seal(22, finished)});
            ends = {s.client, s.server};
        } else {
            session_12 s{number};
            log = s.log();
            flights.push_back({0, change + s.client->seal(22, finished)});
            flights.push_back({1, change + s.server->seal(22, finished)});
            ends = {*s.client, *s.server};
        }
    }

    std::string               log{};
    std::vector<flight>       flights{};
    std::vector<test::sealer> ends{};
};

class talk {
public:
    explicit talk(script of) : in_(of), number_(suites[in_.byte() % 6]), with_(number_) {}

    void run() {
        auto const options = in_.byte();
        auto const left_out = in_.byte();
        piece_ = in_.byte();
        line over{(options & 1) == 0};
        over_ = &over;
        marks_ = (options & 2) == 0;
        whole_ = marks_ && left_out == 0;
        over.keys.add(log_without(left_out >> 4));
        for (unsigned i = 0; i < with_.flights.size(); ++i)
            if ((left_out >> i & 1) == 0) say(with_.flights[i].from, with_.flights[i].bytes);
        while (!in_.is_over()) step();
        over.close();
        if (!marks_) return;
        for (unsigned from : {0U, 1U}) judge(from, over.told.heard[from]);
    }

private:
    /// Its lines, but for those that a bit takes out.
    std::string log_without(unsigned lines) const {
        std::string kept;
        std::size_t at = 0;
        for (unsigned i = 0; at < with_.log.size(); ++i) {
            auto const end = with_.log.find('\n', at) + 1;
            if ((lines >> i & 1) == 0) kept += with_.log.substr(at, end - at);
            at = end;
        }
        return kept;
    }

    void say(unsigned from, std::string_view bytes) {
        auto const most = piece_ == 0 ? bytes.size() : piece_;
        for (std::size_t at = 0; at < bytes.size(); at += most) over_->say(from, to_bytes(bytes.substr(at, most)));
    }

    /// What an end says next, with a number that nothing else has.
    std::string letter(unsigned from) {
        auto const size = in_.byte();
        auto const large = in_.byte();
        std::string text;
        if (marks_) text = {'\x10', static_cast<char>('0' + from), static_cast<char>(sent_[from].size() >> 8), static_cast<char>(sent_[from].size())};
        text += to_text(in_.piece(size));
        text.append(large > 200 ? std::size_t{16} * large : 0, '.');
        sent_[from].push_back(text);
        return text;
    }

    void step() {
        auto const what = in_.byte();
        auto const from = what & 1;
        auto&      by = with_.ends[from];
        if (over_->has_ended(from)) return;
        switch (what >> 1 & 7) {
        case 0: case 1: return say(from, by.seal(23, letter(from), what >> 6));
        case 2: return lose(from, what, by.seal(23, letter(from)));
        case 3: return change_keys(from);
        case 4: return say(from, by.seal(21, to_text(in_.piece(2))));
        case 5: return say_unasked(from, by);
        case 6: whole_ = false; return say(from, to_text(in_.piece(in_.byte())));
        default: return over_->end(from);
        }
    }

    /// A part of a record, in front or behind, or the whole of it; how much is known or not.
    void lose(unsigned from, unsigned what, std::string const& sealed) {
        whole_ = false;
        auto const there = std::min<std::size_t>(in_.byte() * std::size_t{2}, sealed.size());
        auto const missing = sealed.size() - there;
        auto const told = (what & 16) != 0 ? 0 : missing;
        if ((what & 32) == 0) say(from, std::string_view{sealed}.substr(0, there));
        over_->lose(from, told, (what & 64) != 0);
        if ((what & 32) != 0) say(from, std::string_view{sealed}.substr(missing));
    }

    void change_keys(unsigned from) {
        if (!find_suite(number_)->is_13) return;
        say(from, with_.ends[from].seal(22, test::tls_message(24, std::string(1, '\0'))));
        with_.ends[from] = with_.ends[from].next();
    }

    /// A record that nobody who keeps to the handshake would seal; or one that was damaged.
    void say_unasked(unsigned from, test::sealer& by) {
        whole_ = false;
        auto const asked = in_.byte();
        auto const type = asked == 0 || asked == 23 ? 24 : asked;      // 0 is padding, and 23 what letters are
        auto       sealed = by.seal(type, to_text(in_.piece(in_.byte())), type >> 5);
        if ((asked & 1) != 0) sealed[in_.byte() % sealed.size()] ^= 1;
        say(from, sealed);
    }

    /// What came of an end is letters of its own, whole, each once and in their order.
    void judge(unsigned from, std::string_view heard) const {
        std::size_t next = 0;
        while (!heard.empty()) {
            fuzz::check(heard.size() >= 4 && heard[0] == '\x10' && heard[1] == static_cast<char>('0' + from), "nothing is decrypted but what was sealed");
            auto const number = static_cast<std::size_t>(static_cast<unsigned char>(heard[2])) << 8 | static_cast<unsigned char>(heard[3]);
            fuzz::check(number >= next && number < sent_[from].size(), "what was sealed comes once, and in its order");
            fuzz::check(heard.starts_with(sent_[from][number]), "what was sealed comes whole");
            heard.remove_prefix(sent_[from][number].size());
            fuzz::check(!whole_ || number == next, "nothing is left out where nothing is missing");
            next = number + 1;
        }
        fuzz::check(!whole_ || next == sent_[from].size(), "all is decrypted where nothing is missing");
    }

    script                   in_;
    std::uint16_t            number_;
    session                  with_;
    line*                    over_ = nullptr;
    std::size_t              piece_ = 0;
    bool                     marks_ = true;                        // letters are told apart
    bool                     whole_ = true;                        // nothing is missing, and nothing else was said
    std::vector<std::string> sent_[2]{};
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size == 0) return 0;
    fuzz::exact_copy const input{data + 1, size - 1};
    if ((data[0] & 1) == 0) play_raw(script{input.view()});
    else talk{script{input.view()}}.run();
    return 0;
}
