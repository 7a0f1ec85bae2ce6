// --extract: payloads into files.
#include "extractor.hpp"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file_name.hpp"

namespace aldis::app::dump {
namespace {

[[noreturn]] void fail(std::string const& what, int error, std::string const& advice = {}) {
    throw output_error{what + ": " + std::strerror(error) + (advice.empty() ? "" : "; " + advice)};
}

class file {
public:
    file(std::string const& path, bool overwrite) : path_(path) {
        int const how = O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | (overwrite ? O_TRUNC : O_EXCL);
        descriptor_ = ::open(path.c_str(), how, 0666);
        if (descriptor_ < 0) fail("'" + path + "' cannot be made", errno, errno == EEXIST ? "--overwrite replaces files, %n in the pattern numbers them" : "");
    }
    file(file const&) = delete;
    file& operator=(file const&) = delete;
    ~file() { ::close(descriptor_); }

    void write(std::string_view rest) {
        while (!rest.empty()) {
            auto const done = ::write(descriptor_, rest.data(), rest.size());
            if (done < 0 && errno == EINTR) continue;
            if (done < 0) fail("'" + path_ + "' cannot be written", errno);
            rest.remove_prefix(static_cast<std::size_t>(done));
        }
    }

private:
    std::string path_;
    int         descriptor_ = -1;
};

} // namespace

void extractor::packet(record& r) {
    if (!r.what().is(packet_type::publish)) return;
    if (r.tree->malformed || r.tree->truncated || !r.what().has_payload) return (void)++broken_;
    bool const to_output = asked_.extract == "-";
    if (!to_output && written_ >= asked_.extract_most) return (void)++beyond_;
    ++written_;
    bytes_ += r.what().payload.size();
    if (!to_output) return write_file(r);
    text() += to_text(r.what().payload);
    out().may_flush();
}

// A folder gets names of its own making; a pattern is taken by its word.
std::string extractor::path_for(record const& r) {
    auto const& pattern = asked_.extract;
    if (pattern.find('%') != std::string::npos) return expand_pattern(pattern, r, written_);
    return expand_pattern("%f.%p-%t", r, written_).insert(0, pattern.ends_with('/') ? pattern : pattern + "/");
}

void extractor::make_folders(std::string const& path) {
    for (auto cut = path.find('/', 1); cut != std::string::npos; cut = path.find('/', cut + 1)) {
        auto const folder = path.substr(0, cut);
        if (::mkdir(folder.c_str(), 0777) != 0 && errno != EEXIST) fail("the folder '" + folder + "' cannot be made", errno);
    }
}

void extractor::write_file(record const& r) {
    auto const path = path_for(r);
    make_folders(path);
    file{path, asked_.extract_overwrite}.write(to_text(r.what().payload));
}

void extractor::finish() {
    printer::finish();
    std::string said = std::to_string(written_) + " payloads extracted, " + std::to_string(bytes_) + " bytes";
    if (broken_ > 0) said += "; " + std::to_string(broken_) + " packets are not whole";
    if (beyond_ > 0) said += "; " + std::to_string(beyond_) + " more are there: --extract-max takes more files than " + std::to_string(asked_.extract_most);
    note({}, nullptr, said);
}

} // namespace aldis::app::dump
