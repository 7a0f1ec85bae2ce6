// Where `pub` gets its payloads.
#include "input.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace aldis::app {
namespace {

class descriptor_guard {
public:
    explicit descriptor_guard(int descriptor) noexcept : descriptor_(descriptor) {}
    ~descriptor_guard() { if (descriptor_ >= 0) ::close(descriptor_); }
    descriptor_guard(descriptor_guard const&) = delete;
    descriptor_guard& operator=(descriptor_guard const&) = delete;
    int get() const noexcept { return descriptor_; }

private:
    int descriptor_;
};

std::string read_until_end(int descriptor, std::size_t largest, std::string_view what) {
    std::string out;
    std::array<char, 65'536> piece;
    for (;;) {
        auto const n = ::read(descriptor, piece.data(), piece.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) throw input_error{fmt::format("Unable to read {}: {}.", what, std::strerror(errno))};
        if (n == 0) return out;
        out.append(piece.data(), static_cast<std::size_t>(n));
        if (out.size() > largest) throw input_error{fmt::format("{} must be at most {} bytes.", what, largest)};
    }
}

} // namespace

std::string read_file(std::string const& path, std::size_t largest) {
    descriptor_guard const file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    if (file.get() < 0) throw input_error{fmt::format("Unable to open file \"{}\": {}.", path, std::strerror(errno))};
    struct stat about{};
    if (::fstat(file.get(), &about) == 0) {
        if (S_ISDIR(about.st_mode)) throw input_error{fmt::format("Unable to read file \"{}\": it is a directory.", path)};
        if (S_ISREG(about.st_mode) && static_cast<std::uint64_t>(about.st_size) > largest)
            throw input_error{fmt::format("File must be less than {} bytes: \"{}\" has {}.", largest, path, about.st_size)};
    }
    return read_until_end(file.get(), largest, fmt::format("File \"{}\"", path));
}

std::string read_all(int descriptor, std::size_t largest) {
    auto out = read_until_end(descriptor, largest, "Standard input");
    if (out.empty()) throw input_error{"Zero length input: use -n to send an empty message."};
    return out;
}

void line_splitter::check(std::size_t size) const {
    if (size > longest_)
        throw input_error{fmt::format("Line {} of standard input is longer than {} bytes, the most a message can hold.", line_, longest_)};
}

void line_splitter::feed(std::string_view piece) {
    buffer_.erase(0, begin_);
    searched_ -= begin_;
    begin_ = 0;
    buffer_ += piece;
}

std::optional<std::string_view> line_splitter::next() {
    auto const end = buffer_.find('\n', searched_);
    if (end == buffer_.npos) {
        searched_ = buffer_.size();
        check(searched_ - begin_);
        return std::nullopt;
    }
    auto const line = std::string_view{buffer_}.substr(begin_, end - begin_);
    check(line.size());
    begin_ = searched_ = end + 1;
    ++line_;
    return line;
}

std::optional<std::string_view> line_splitter::last() {
    if (begin_ == buffer_.size()) return std::nullopt;
    auto const line = std::string_view{buffer_}.substr(begin_);
    begin_ = searched_ = buffer_.size();
    return line;
}

} // namespace aldis::app
