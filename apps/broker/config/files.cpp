// Files and folders of the system.
#include "files.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include <dirent.h>
#include <sys/stat.h>

namespace aldis::app::config {
namespace {

struct close_file {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};
struct close_folder {
    void operator()(DIR* folder) const noexcept { ::closedir(folder); }
};

std::string because(char const* what) { return std::string(what) + ": " + std::strerror(errno); }

} // namespace

file_text system_files::read(std::string const& path, std::size_t most) {
    struct stat facts {};
    // Looked at before it is opened: opening a FIFO would wait for somebody who writes.
    if (::stat(path.c_str(), &facts) != 0) return {{}, because("cannot be read")};
    if (!S_ISREG(facts.st_mode)) return {{}, "is no regular file"};
    std::unique_ptr<std::FILE, close_file> const file(std::fopen(path.c_str(), "rbe"));
    if (!file) return {{}, because("cannot be read")};
    file_text out;
    char      block[8192];
    while (auto const size = std::fread(block, 1, sizeof block, file.get())) {
        out.text.append(block, size);
        if (out.text.size() > most) return {{}, "is larger than " + std::to_string(most) + " bytes"};
    }
    if (std::ferror(file.get())) return {{}, because("cannot be read")};
    return out;
}

file_names system_files::list(std::string const& folder, std::size_t most) {
    std::unique_ptr<DIR, close_folder> const all(::opendir(folder.c_str()));
    if (!all) return {{}, because("cannot be read")};
    file_names out;
    while (auto const* each = ::readdir(all.get())) {
        if (each->d_name[0] == '.') continue;
        if (out.names.size() == most) return {{}, "has more than " + std::to_string(most) + " files"};
        out.names.emplace_back(each->d_name);
    }
    return out;
}

} // namespace aldis::app::config
