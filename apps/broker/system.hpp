// What a service has to do with the system that it runs on.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace aldis::app {

/// Tells systemd "READY=1" and the like, where it wants to know (NOTIFY_SOCKET); otherwise nothing.
void notify_manager(std::string_view text);

/// The same while the configuration is read again: with the time, as systemd wants it.
void notify_reloading();

/// As many file descriptors as the system lets us have without asking.
void raise_descriptor_limit() noexcept;

/// Becomes another user with his groups, for good, after those of `files` that exist were given to him; "root" stays as it is. Not being root,
/// nothing. What is wrong, or empty.
std::string become_user(std::string const& name, std::vector<std::string> const& files);

/// A file with our number, which goes away with this object.
class pid_file {
public:
    pid_file() = default;
    pid_file(pid_file const&) = delete;
    pid_file& operator=(pid_file const&) = delete;
    ~pid_file();

    /// What is wrong, or empty.
    std::string write(std::string path);

private:
    std::string path_{};
};

} // namespace aldis::app
