// systemd's datagrams, users, descriptors, and the file with our number.
#include "system.hpp"

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace aldis::app {
namespace {

std::string because(std::string const& what) { return what + ": " + std::strerror(errno); }

} // namespace

void notify_manager(std::string_view text) {
    auto const* const where = std::getenv("NOTIFY_SOCKET");
    sockaddr_un       to{};
    if (!where || (where[0] != '/' && where[0] != '@') || std::strlen(where) >= sizeof to.sun_path) return;
    to.sun_family = AF_UNIX;
    std::memcpy(to.sun_path, where, std::strlen(where));
    if (to.sun_path[0] == '@') to.sun_path[0] = '\0';              // an abstract name
    int const socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (socket < 0) return;
    auto const size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + std::strlen(where));
    ::sendto(socket, text.data(), text.size(), MSG_NOSIGNAL, reinterpret_cast<sockaddr const*>(&to), size);
    ::close(socket);
}

void notify_reloading() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    notify_manager("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(now.tv_sec * 1'000'000 + now.tv_nsec / 1'000));
}

void raise_descriptor_limit() noexcept {
    rlimit of_files{};
    if (::getrlimit(RLIMIT_NOFILE, &of_files) != 0 || of_files.rlim_cur >= of_files.rlim_max) return;
    of_files.rlim_cur = of_files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &of_files);
}

std::string become_user(std::string const& name, std::vector<std::string> const& files) {
    if (::geteuid() != 0 || name == "root") return {};
    passwd            entry{};
    passwd*           found = nullptr;
    std::vector<char> room(16'384);
    if (::getpwnam_r(name.c_str(), &entry, room.data(), room.size(), &found) != 0 || !found) return "there is no user " + name;
    for (auto const& each : files)
        if (::lchown(each.c_str(), entry.pw_uid, entry.pw_gid) != 0 && errno != ENOENT) return because("can not give " + each + " to " + name);
    if (::initgroups(name.c_str(), entry.pw_gid) != 0) return because("the groups of " + name + " can not be had");
    if (::setgid(entry.pw_gid) != 0 || ::setuid(entry.pw_uid) != 0) return because("can not become " + name);
    return {};
}

std::string pid_file::write(std::string path) {
    int const file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (file < 0) return because("it can not be written");
    path_ = std::move(path);
    auto const text = std::to_string(::getpid()) + '\n';
    auto const size = ::write(file, text.data(), text.size());
    ::close(file);
    return size == static_cast<ssize_t>(text.size()) ? std::string() : "it can not be written whole";
}

pid_file::~pid_file() {
    if (!path_.empty()) ::unlink(path_.c_str());
}

} // namespace aldis::app
