// TLS as captured: the primitives, both versions, key changes, what cannot be read and why.
#include <dump/capture/protocol_stack.hpp>
#include <dump/capture/key_log.hpp>
#include <dump/capture/tls_session.hpp>

#include "recorder.hpp"
#include "support/catch.hpp"
#include "tls_peer.hpp"

using namespace aldis;
using namespace aldis::test;
using namespace aldis::test::literals;

namespace {

// A conversation through the stages behind TCP, a frame for each call.
class conversation_over_tls {
public:
    explicit conversation_over_tls(std::string const& key_log_text = {}) {
        keys.add(key_log_text);
        about.saw_start = true;
    }
    void say(unsigned from, std::string const& text, std::size_t piece = ~std::size_t{0}) {
        for (std::size_t at = 0; at < text.size(); at += std::min(piece, text.size())) through(from, [&](place const& p) { stack.bytes(p, to_bytes(std::string_view{text}.substr(at, piece))); });
    }
    void lose(unsigned from, std::uint64_t size) { through(from, [&](place const& p) { stack.gap(p, size, false); }); }

    recorder       told{};
    key_log        keys{};
    conversation   about{};
    protocol_stack stack{};

private:
    template <class Act>
    void through(unsigned from, Act act) {
        delivery const d{told, keys, budget, scratch};
        act(place{d, about, from, {told.done + 1, 0}});
        told.frame_done({told.done + 1, 0});
    }

    memory_budget budget{1U << 20};
    byte_buffer   scratch{};
};

// One behind the other; unlike operands of +, elements of a list are made in their order, which sealing counts on.
std::string all(std::initializer_list<std::string> parts) {
    std::string text;
    for (auto const& part : parts) text += part;
    return text;
}

void shake_hands(conversation_over_tls& c, session_13& s, std::size_t piece = ~std::size_t{0}) {
    auto const size = size_of(s.hash);
    c.say(0, client_hello(), piece);
    c.say(1, server_hello(s.suite, true) + tls_record(20, "\x01"), piece);
    auto const flight = tls_message(8, std::string(2, '\0')) + tls_message(11, std::string(3000, 'c')) + tls_message(20, std::string(size, 'f'));
    c.say(1, all({s.server_handshake.seal(22, flight.substr(0, 1000)), s.server_handshake.seal(22, flight.substr(1000), 50)}), piece);
    c.say(0, tls_record(20, "\x01") + s.client_handshake.seal(22, tls_message(20, std::string(size, 'f'))), piece);
}

std::string only_note(recorder const& told) { return told.notes.size() == 1 ? told.notes[0] : std::to_string(told.notes.size()) + " notes"; }

} // namespace

TEST_CASE("HKDF-Expand-Label and the PRF give the published values", "[dump][tls]") {
    auto const secret = "b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38"_hex;  // RFC 8448, 3
    CHECK(hkdf_expand_label(tls_hash::sha256, secret, "key", 16) == "3fce516009c21727d0f2e4e86ee403bc"_hex);
    CHECK(hkdf_expand_label(tls_hash::sha256, secret, "iv", 12) == "5d313eb2671276ee13000b30"_hex);

    auto const made = tls12_prf(tls_hash::sha256, "9bbe436ba940f017b17652849a71db35"_hex, "test label", "a0ba9f936cda311827a6f796ffd5198c"_hex, 100);
    CHECK(made
          == "e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a6b301791e90d35c9c9a46b4e14baf9af0fa022f7077def17abfd3797c0564bab"
             "4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff70187347b66"_hex);
}

TEST_CASE("TLS 1.3 is decrypted with each of its suites", "[dump][tls]") {
    for (auto const suite : std::vector<std::uint16_t>{0x1301, 0x1302, 0x1303})
        for (std::size_t const piece : {std::size_t{100'000}, std::size_t{1}, std::size_t{777}}) {
            session_13            s{suite};
            conversation_over_tls c{s.log()};
            shake_hands(c, s, piece);
            c.say(0, all({s.client.seal(23, "hello "), s.client.seal(23, "world", 7)}), piece);
            c.say(1, all({s.server.seal(22, tls_message(4, std::string(200, 't'))), s.server.seal(23, "answer"), s.server.seal(21, "\x01")}), piece);

            CHECK(c.told.stream(0, 0) == "hello world");
            CHECK(c.told.stream(0, 1) == "answer");
            CHECK(c.told.notes.empty());
            CHECK(c.about.via == carrier::tls);
        }
}

TEST_CASE("TLS 1.2 is decrypted with its AEAD suites", "[dump][tls]") {
    for (auto const suite : std::vector<std::uint16_t>{0xC02F, 0xC030, 0xCCA8, 0x009C, 0xC02C}) {
        session_12            s{suite};
        conversation_over_tls c{s.log()};
        c.say(0, client_hello());
        c.say(1, server_hello(suite, false) + tls_record(22, tls_message(11, std::string(900, 'c')) + tls_message(14, "")));
        c.say(0, tls_record(22, tls_message(16, std::string(33, 'k'))) + tls_record(20, "\x01") + s.client->seal(22, tls_message(20, std::string(12, 'f'))));
        c.say(1, tls_record(20, "\x01") + s.server->seal(22, tls_message(20, std::string(12, 'f'))));
        c.say(0, s.client->seal(23, "hello"));
        c.say(1, all({s.server->seal(23, "answer"), s.server->seal(21, "\x01")}), 5);

        CHECK(c.told.stream(0, 0) == "hello");
        CHECK(c.told.stream(0, 1) == "answer");
        CHECK(c.told.notes.empty());
    }
}

TEST_CASE("a key update changes the keys of its direction", "[dump][tls]") {
    session_13            s{0x1302};
    conversation_over_tls c{s.log()};
    shake_hands(c, s);
    c.say(0, all({s.client.seal(23, "old "), s.client.seal(22, tls_message(24, std::string(1, '\0')))}));
    auto newer = s.client.next();
    c.say(0, all({newer.seal(23, "new "), newer.seal(22, tls_message(24, "\x01"))}));
    c.say(0, newer.next().seal(23, "newest"));
    c.say(1, s.server.seal(23, "the same"));

    CHECK(c.told.stream(0, 0) == "old new newest");
    CHECK(c.told.stream(0, 1) == "the same");
}

TEST_CASE("a hello retry and data before the handshake do not stand in the way", "[dump][tls]") {
    session_13        s{0x1301};
    std::string const retry{to_text("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c"_hex)};
    {
        conversation_over_tls c{s.log()};
        c.say(0, client_hello());
        c.say(1, server_hello(0x1301, true, retry) + tls_record(20, "\x01"));
        shake_hands(c, s);
        c.say(0, s.client.seal(23, "hello"));
        CHECK(c.told.stream(0, 0) == "hello");
    }
    session_13            again{0x1301};
    conversation_over_tls c{again.log()};
    auto                  early = again.with(77);
    c.say(0, client_hello(std::string("\x00\x2a\x00\x00", 4)) + early.seal(23, "early"));
    c.say(1, server_hello(0x1301, true) + again.server_handshake.seal(22, tls_message(20, std::string(32, 'f'))));
    c.say(0, early.seal(23, "still early"));
    c.say(0, again.client_handshake.seal(22, tls_message(20, std::string(32, 'f'))) + again.client.seal(23, "hello"));
    CHECK(c.told.stream(0, 0) == "hello");
    CHECK(c.told.notes.empty());
}

TEST_CASE("a session whose keys are not known is told - once", "[dump][tls]") {
    session_13            s{0x1301};
    conversation_over_tls c;
    shake_hands(c, s);
    c.say(0, s.client.seal(23, "hello"));

    CHECK(only_note(c.told) == "TLS, no keys for this session (client random 1111111111111111...): give a key log with --keylog.");
    CHECK(c.told.lines.empty());

    session_12            old{0xC02F};
    conversation_over_tls without{s.log()};
    without.say(0, client_hello());
    without.say(1, server_hello(0xC02F, false));
    CHECK(only_note(without.told).starts_with("TLS, no keys for this session"));
}

TEST_CASE("suites and versions that are not decrypted are named", "[dump][tls]") {
    auto const note_for = [](std::uint16_t suite) {
        conversation_over_tls c;
        c.say(0, client_hello());
        c.say(1, server_hello(suite, false));
        return only_note(c.told);
    };
    CHECK(note_for(0xC014) == "TLS with TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA is not decrypted: AES-GCM and ChaCha20-Poly1305 are.");
    CHECK(note_for(0x1304) == "TLS with TLS_AES_128_CCM_SHA256 is not decrypted: AES-GCM and ChaCha20-Poly1305 are.");
    CHECK(note_for(0xFEFE) == "TLS with cipher suite 0xfefe is not decrypted: AES-GCM and ChaCha20-Poly1305 are.");
    CHECK(note_for(0x1301) == "TLS with cipher suite 0x1301 is not decrypted: AES-GCM and ChaCha20-Poly1305 are.");

    conversation_over_tls old;
    auto                  hello = server_hello(0xC02F, false);
    hello[10] = '\x02';
    old.say(0, client_hello());
    old.say(1, hello);
    CHECK(only_note(old.told) == "TLS before 1.2 is not decrypted.");
}

TEST_CASE("wrong keys and changed bytes end the session with a note", "[dump][tls]") {
    session_13            s{0x1301};
    conversation_over_tls c{s.log()};
    shake_hands(c, s);
    auto sealed = s.client.seal(23, "hello");
    sealed.back() = static_cast<char>(sealed.back() ^ 1);
    c.say(0, sealed + s.client.seal(23, "more"));

    CHECK(c.told.lines.empty());
    CHECK(only_note(c.told) == "A TLS record does not open with the keys of its session: it is not read further.");
}

TEST_CASE("a TLS session seen from the middle is told - what is no TLS is not taken for it", "[dump][tls]") {
    session_13            s{0x1301};
    conversation_over_tls c{s.log()};
    c.about.saw_start = false;
    c.say(0, all({s.client.seal(23, "hello"), s.client.seal(23, "world")}));
    CHECK(only_note(c.told) == "TLS from the middle of a session: it cannot be decrypted without its beginning.");

    conversation_over_tls plain;
    plain.say(0, std::string("\x16\x03\x03\x00\x00\x00\x00", 7));
    CHECK(plain.told.lines.size() == 1);
    CHECK(plain.about.via == carrier::tcp);
}

TEST_CASE("a hello that comes in pieces is one though the SYN was not captured", "[dump][tls]") {
    session_13            s{0x1301};
    conversation_over_tls c{s.log()};
    c.about.saw_start = false;
    shake_hands(c, s, 1);
    c.say(0, s.client.seal(23, "hello"), 1);

    CHECK(c.told.stream(0, 0) == "hello");
    CHECK(c.told.notes.empty());
}

TEST_CASE("after missing bytes the next record that opens goes on", "[dump][tls]") {
    session_13            s{0x1303};
    conversation_over_tls c{s.log()};
    shake_hands(c, s);
    c.say(0, s.client.seal(23, "one"));
    auto const lost = all({s.client.seal(23, "lost"), s.client.seal(23, "lost too")});
    c.lose(0, lost.size());
    c.say(0, s.client.seal(23, "two"));
    auto const torn = s.client.seal(23, "torn within");
    c.say(0, torn.substr(0, 9));
    c.lose(0, 4);
    c.say(0, torn.substr(13) + s.client.seal(23, "three"));
    c.lose(0, 0);
    c.say(0, all({s.client.seal(23, "unseen").substr(3), s.client.seal(23, "four")}));

    CHECK(c.told.stream(0, 0) == "onetwothreefour");
    CHECK(c.told.notes.empty());
    CHECK(std::count_if(c.told.lines.begin(), c.told.lines.end(), [](auto const& l) { return l.find(" gap 0") != std::string::npos; }) == 3);

    conversation_over_tls early{s.log()};
    early.say(0, client_hello());
    early.lose(1, 50);
    CHECK(only_note(early.told) == "Bytes of a TLS handshake are missing: the session cannot be decrypted.");
}

TEST_CASE("a TLS session with any byte of its flights changed is read to an end", "[dump][tls]") {
    session_13  s{0x1301};
    auto const  hello = client_hello(std::string("\x00\x2a\x00\x02\x01\x02", 6)), answer = server_hello(0x1301, true);
    auto const  log = s.log();
    std::string both = hello + answer;
    for (std::size_t at = 0; at < both.size(); ++at)
        for (char const change : {'\x01', '\x7F', '\xFF'}) {
            auto changed = both;
            changed[at] = static_cast<char>(changed[at] ^ change);
            conversation_over_tls c{log};
            c.say(0, changed.substr(0, hello.size()));
            c.say(1, changed.substr(hello.size()));
            c.say(0, s.client.seal(23, "x"));
            CHECK(c.told.notes.size() <= 1);
        }
}
