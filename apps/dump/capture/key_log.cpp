// Secrets of TLS sessions, in the format of SSLKEYLOGFILE.
#include "key_log.hpp"

#include <algorithm>
#include <fstream>
#include <optional>

#include "../inputs.hpp"

namespace aldis::app::dump {
namespace {

struct label_row {
    std::string_view label;
    tls_secret       which;
};

constexpr label_row labels[]{
    {"CLIENT_RANDOM", tls_secret::master},
    {"CLIENT_HANDSHAKE_TRAFFIC_SECRET", tls_secret::client_handshake},
    {"SERVER_HANDSHAKE_TRAFFIC_SECRET", tls_secret::server_handshake},
    {"CLIENT_TRAFFIC_SECRET_0", tls_secret::client_traffic},
    {"SERVER_TRAFFIC_SECRET_0", tls_secret::server_traffic},
};

constexpr std::size_t max_file = 64U << 20;

int digit(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

std::optional<byte_buffer> from_hex(std::string_view text) {
    if (text.size() % 2 != 0 || text.size() > 128) return {};
    byte_buffer bytes;
    for (std::size_t i = 0; i < text.size(); i += 2) {
        auto const high = digit(text[i]), low = digit(text[i + 1]);
        if (high < 0 || low < 0) return {};
        bytes.push_back(static_cast<std::byte>(high * 16 + low));
    }
    return bytes;
}

std::string_view next_word(std::string_view& line) noexcept {
    auto const begin = std::min(line.find_first_not_of(" \t\r"), line.size());
    line.remove_prefix(begin);
    auto const end = std::min(line.find_first_of(" \t\r"), line.size());
    auto const word = line.substr(0, end);
    line.remove_prefix(end);
    return word;
}

} // namespace

key_log::key_log(std::string path) : path_(std::move(path)) {
    if (!path_.empty()) read_more(true);
}

void key_log::add(std::string_view text, std::size_t most) {
    while (!text.empty()) {
        auto const end = std::min(text.find('\n'), text.size());
        add_line(text.substr(0, end), most);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
}

void key_log::add_line(std::string_view line, std::size_t most) {
    auto const label = next_word(line);
    auto const row = std::find_if(std::begin(labels), std::end(labels), [label](auto const& one) { return one.label == label; });
    if (row == std::end(labels)) return;
    auto const random = from_hex(next_word(line));
    auto       secret = from_hex(next_word(line));
    if (!random || random->size() != 32 || !secret || secret->empty()) return;
    tls_random key;
    std::copy(random->begin(), random->end(), key.begin());
    if (sessions_.size() >= most && !sessions_.contains(key)) return;
    sessions_[key][static_cast<std::size_t>(row->which)] = std::move(*secret);
}

key_log::secrets const* key_log::find(tls_random const& client) {
    auto at = sessions_.find(client);
    if (at == sessions_.end() && !path_.empty()) {
        read_more(false);
        at = sessions_.find(client);
    }
    return at == sessions_.end() ? nullptr : &at->second;
}

// Whole lines only: the last one may still be written.
void key_log::read_more(bool must_be_there) {
    std::ifstream in(path_, std::ios::binary);
    if (!in.seekg(static_cast<std::streamoff>(read_)) && must_be_there)
        throw input_error(path_ + " cannot be read: a key log is a text file, written by programs that are given its name in SSLKEYLOGFILE.");
    std::string line;
    while (in && read_ < max_file && std::getline(in, line)) {
        if (in.eof() && !must_be_there) break;
        add_line(line, max_sessions);
        if (!in.eof()) read_ += line.size() + 1;
    }
    if (must_be_there && in.bad()) throw input_error(path_ + " cannot be read as a key log.");
}

} // namespace aldis::app::dump
