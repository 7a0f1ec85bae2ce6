// The vectors of test/vectors/*.txt: packets as bytes with what must be read from them, or how they must be refused.
//
// A vector is a block of lines `key: value`; blocks are separated by empty lines, lines that begin with # are remarks.
//   title:   what it is
//   why:     the rule it shows, and where that stands
//   at:      version (3 4 5) and direction (c2s s2c any)
//   hex:     the bytes, spaced by field; more than one line is joined
//   dump:    the line of support/printers.hpp           } exactly one of the two
//   error:   errc at offset [clause]                     }
//   encodes: what encoding gives back, where it is not `hex`
//   max:     the largest packet accepted, where a vector is about that
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <aldis/codec/decode.hpp>
#include <support/errc_names.hpp>
#include <support/hex.hpp>

namespace aldis::test {

struct wire_vector {
    std::string                origin{};                           // file:line of its title
    std::string                title{};
    std::string                why{};
    codec::context             where{};
    byte_buffer                bytes{};
    std::string                dump{};
    std::optional<codec::fault> error{};
    std::string                clause{};
    byte_buffer                canonical{};                        // the bytes that encoding gives
    std::size_t                max_size = max_packet_size;
};

class vector_reader {
public:
    explicit vector_reader(std::filesystem::path path) : path_(std::move(path)), in_(path_) {
        if (!in_) throw std::runtime_error("cannot read " + path_.string());
    }

    /// Every vector of the file. Throws std::runtime_error, naming the line, on anything that is not as described above.
    std::vector<wire_vector> read() {
        for (std::string line; std::getline(in_, line);) {
            ++line_;
            if (line.starts_with('#')) continue;
            if (line.find_first_not_of(" \t\r") == std::string::npos) finish();
            else field(line);
        }
        finish();
        return std::move(all_);
    }

private:
    [[noreturn]] void fail(std::string const& why) const {
        throw std::runtime_error(path_.filename().string() + ":" + std::to_string(line_) + ": " + why);
    }

    void field(std::string const& line) {
        auto const colon = line.find(':');
        if (colon == std::string::npos) fail("no `key:` in this line");
        auto const key = line.substr(0, colon);
        auto const start = line.find_first_not_of(' ', colon + 1);
        auto const value = start == std::string::npos ? std::string() : line.substr(start);
        if (key == "title") begin(value);
        else if (!open_) fail("a vector begins with `title:`");
        else if (key == "why") now_.why = value;
        else if (key == "at") read_context(value);
        else if (key == "hex") append(now_.bytes, value);
        else if (key == "encodes") append(now_.canonical, value);
        else if (key == "dump") now_.dump = value;
        else if (key == "error") read_error(value);
        else if (key == "max") now_.max_size = std::stoul(value);
        else fail("unknown key `" + key + "`");
    }

    void begin(std::string const& title) {
        if (open_) fail("a vector ends with an empty line");
        open_ = true;
        now_ = {};
        now_.title = title;
        now_.origin = path_.filename().string() + ":" + std::to_string(line_);
    }

    void append(byte_buffer& to, std::string const& hex) {
        try {
            auto const more = from_hex(hex);
            to.insert(to.end(), more.begin(), more.end());
        } catch (std::invalid_argument const& bad) { fail(bad.what()); }
    }

    void read_context(std::string const& value) {
        if (value.size() != 5 || value[0] < '3' || value[0] > '5' || value[1] != ' ') fail("`at:` wants version and direction");
        auto const direction = value.substr(2);
        if (direction != "c2s" && direction != "s2c" && direction != "any") fail("a direction is c2s, s2c or any");
        now_.where.version = static_cast<protocol>(value[0] - '0');
        now_.where.from = direction == "c2s" ? sender::client : direction == "s2c" ? sender::server : sender::either;
    }

    void read_error(std::string const& value) {
        auto const at = value.find(" at ");
        auto const code = find_errc(value.substr(0, at));
        if (at == std::string::npos || !code) fail("`error:` wants: errc at offset [clause]");
        std::size_t used = 0;
        now_.error = codec::fault{*code, std::stoul(value.substr(at + 4), &used)};
        auto const open = value.find('[', at + 4 + used);
        if (open == std::string::npos) return;
        auto const close = value.find(']', open);
        if (close == std::string::npos) fail("the clause is not closed");
        now_.clause = value.substr(open + 1, close - open - 1);
    }

    void finish() {
        if (!open_) return;
        open_ = false;
        if (now_.bytes.empty() || now_.why.empty()) fail("a vector needs `why:` and `hex:`");
        if (now_.dump.empty() != now_.error.has_value()) fail("a vector needs one of `dump:` and `error:`");
        if (now_.canonical.empty()) now_.canonical = now_.bytes;
        all_.push_back(std::move(now_));
    }

    std::filesystem::path path_;
    std::ifstream         in_;
    std::size_t           line_ = 0;
    bool                  open_ = false;
    wire_vector           now_{};
    std::vector<wire_vector> all_{};
};

/// All vectors of all files in the folder, read once. The folder is set by the build as ALDIS_TEST_VECTORS.
inline std::vector<wire_vector> read_vectors(std::filesystem::path const& folder) {
    std::vector<std::filesystem::path> files;
    for (auto const& entry : std::filesystem::directory_iterator(folder))
        if (entry.path().extension() == ".txt") files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    std::vector<wire_vector> all;
    for (auto const& file : files) {
        auto some = vector_reader(file).read();
        if (some.empty()) throw std::runtime_error(file.string() + " holds no vector");
        std::move(some.begin(), some.end(), std::back_inserter(all));
    }
    if (all.empty()) throw std::runtime_error("no vectors in " + folder.string());
    return all;
}

} // namespace aldis::test
