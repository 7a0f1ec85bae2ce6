// Reading and replacing files, with the system's calls: permissions and the order of writes matter here.
#include "text_file.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <aldis/access/file_error.hpp>

namespace aldis::access {
namespace {

[[noreturn]] void fail(std::string const& path, std::string const& doing, int error) {
    throw file_error(path + ": cannot " + doing + ": " + std::strerror(error));
}

class descriptor {
public:
    explicit descriptor(int value) noexcept : value_(value) {}
    ~descriptor() {
        if (value_ >= 0) ::close(value_);
    }
    descriptor(descriptor const&) = delete;
    descriptor& operator=(descriptor const&) = delete;
    int operator*() const noexcept { return value_; }

private:
    int value_;
};

void write_all(int to, std::string_view text, std::string const& path) {
    while (!text.empty()) {
        auto const size = ::write(to, text.data(), text.size());
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) fail(path, "write", errno);
        text.remove_prefix(static_cast<std::size_t>(size));
    }
}

std::string folder_of(std::string const& path) {
    auto const slash = path.rfind('/');
    return slash == path.npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

// A link stays one: what it points to is replaced.
std::string target_of(std::string const& path) {
    char* const real = ::realpath(path.c_str(), nullptr);
    std::string out = real ? real : path;
    std::free(real);
    return out;
}

} // namespace

std::string read_text_file(std::string const& path) {
    descriptor const file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (*file < 0) fail(path, "read", errno);
    std::string out;
    char        block[8192];
    for (;;) {
        auto const size = ::read(*file, block, sizeof block);
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) fail(path, "read", errno);
        if (size == 0) return out;
        out.append(block, static_cast<std::size_t>(size));
        if (out.size() > max_file_size) throw file_error(path + ": more than 16 MiB; is this the right file?");
    }
}

void replace_text_file(std::string const& path, std::string_view text) {
    auto const  where = target_of(path);
    auto        draft = where + ".XXXXXX";
    struct stat before {};
    bool const  was_there = ::stat(where.c_str(), &before) == 0;
    if (was_there && !S_ISREG(before.st_mode)) throw file_error(path + ": not a regular file");
    {
        descriptor const file(::mkostemp(draft.data(), O_CLOEXEC));            // for its owner only
        if (*file < 0) fail(path, "write a file beside it", errno);
        try {
            write_all(*file, text, path);
            // An owner that is not ours can not be kept by everybody; then the permissions of the group are not either.
            bool const is_kept = was_there && ::fchown(*file, before.st_uid, before.st_gid) == 0;
            if (was_there && ::fchmod(*file, before.st_mode & (is_kept ? 0777U : 0700U)) != 0) fail(path, "keep the permissions of", errno);
            if (::fsync(*file) != 0) fail(path, "write", errno);
            if (::rename(draft.c_str(), where.c_str()) != 0) fail(path, "replace", errno);
        } catch (...) {
            ::unlink(draft.c_str());
            throw;
        }
    }
    descriptor const folder(::open(folder_of(where).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (*folder >= 0) ::fsync(*folder);
}

void fail_at(std::string_view name, std::size_t number, std::string const& what) {
    throw file_error(std::string(name) + ':' + std::to_string(number) + ": " + what);
}

std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (char const c : text.substr(0, 80)) out += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? '?' : c;
    if (text.size() > 80) out += "...";
    return out + '"';
}

} // namespace aldis::access
