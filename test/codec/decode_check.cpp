// decode_check: the codec's verdict on packets. Reads lines `VERSION DIR HEX` (version 3, 4 or 5; direction c2s, s2c or any) and answers
// each with `ok`, `error TEXT [CLAUSE] at byte N` or `incomplete`. A line it cannot read ends it with exit code 2.
#include <cstdio>
#include <iostream>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>

#include <aldis/codec/decode.hpp>
#include <support/hex.hpp>

namespace {

using namespace aldis;

struct request {
    codec::context where{};
    byte_buffer    bytes{};
};

request parse(std::string const& line) {
    std::istringstream words(line);
    std::string        version, direction, hex, extra;
    words >> version >> direction >> hex;
    if (words >> extra) throw std::invalid_argument("more than three words");

    request r;
    if (version == "3" || version == "4" || version == "5") r.where.version = static_cast<protocol>(version[0] - '0');
    else throw std::invalid_argument("version is 3, 4 or 5, not '" + version + "'");
    if (direction == "c2s") r.where.from = sender::client;
    else if (direction == "s2c") r.where.from = sender::server;
    else if (direction == "any") r.where.from = sender::either;
    else throw std::invalid_argument("direction is c2s, s2c or any, not '" + direction + "'");
    if (hex.empty()) throw std::invalid_argument("no bytes");
    r.bytes = test::from_hex(hex);
    return r;
}

/// What is wrong with the packets in `bytes`, one behind the other; an empty optional while the last one is not complete.
std::optional<codec::result<void>> judge(bytes_view bytes, codec::context where) {
    while (!bytes.empty()) {
        auto const next = codec::next_frame(bytes, max_packet_size, where.version);
        if (!next) return next.error();
        if (!*next) return std::nullopt;
        if (auto const packet = codec::decode(**next, where); !packet) return packet.error();
        bytes = bytes.subspan((*next)->size);
    }
    return codec::result<void>{};
}

std::string answer(request const& r) {
    auto const verdict = judge(r.bytes, r.where);
    if (!verdict) return "incomplete";
    if (*verdict) return "ok";
    auto const  fault = verdict->error();
    auto const& row = codec::spec_of(fault.code);
    auto const  type = r.bytes.empty() ? packet_type{} : static_cast<packet_type>(std::to_integer<unsigned>(r.bytes[0]) >> 4);
    auto const  clause = codec::clause_of(fault.code, r.where.version, type);
    std::string text = "error " + std::string(row.text);
    if (!clause.empty()) text += " [" + std::string(clause) + "]";
    return text + " at byte " + std::to_string(fault.offset);
}

} // namespace

int main() {
    std::size_t number = 0;
    for (std::string line; std::getline(std::cin, line);) {
        ++number;
        try {
            std::cout << answer(parse(line)) << '\n' << std::flush;
        } catch (std::invalid_argument const& bad) {
            std::cerr << "decode_check: line " << number << ": " << bad.what() << "\n"
                      << "decode_check: a line is VERSION DIR HEX, for example: 4 any c000\n";
            return 2;
        }
    }
    return 0;
}
