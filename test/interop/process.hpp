// Programs of others, started for a test and ended by their process number.
#pragma once

#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

namespace aldis::test {

/// Runs from its making to its destruction; what it says goes to a file, or is dropped.
class process {
public:
    explicit process(std::vector<std::string> const& words, std::filesystem::path const& output = "/dev/null") {
        std::vector<char*> argv;
        for (auto const& each : words) argv.push_back(const_cast<char*>(each.c_str()));
        argv.push_back(nullptr);
        posix_spawn_file_actions_t quiet;
        posix_spawn_file_actions_init(&quiet);
        posix_spawn_file_actions_addopen(&quiet, 1, output.c_str(), O_WRONLY | O_CREAT, 0600);
        posix_spawn_file_actions_addopen(&quiet, 2, "/dev/null", O_WRONLY, 0);
        int const failed = posix_spawn(&pid_, argv[0], &quiet, nullptr, argv.data(), environ);
        posix_spawn_file_actions_destroy(&quiet);
        if (failed != 0) throw std::runtime_error("cannot start " + words.at(0));
    }
    process(process const&) = delete;
    process& operator=(process const&) = delete;
    ~process() {
        if (!has_ended()) kill(pid_, SIGKILL);
        wait();
    }

    /// Without a word of its own.
    void end() {
        if (!has_ended()) kill(pid_, SIGKILL);
    }

    bool has_ended() {
        if (!waited_ && waitpid(pid_, &status_, WNOHANG) == pid_) waited_ = true;
        return waited_;
    }

    /// Once it has ended: its exit code, or -1 when a signal ended it.
    int exit_status() const { return WIFEXITED(status_) ? WEXITSTATUS(status_) : -1; }

private:
    void wait() {
        if (!waited_) waitpid(pid_, &status_, 0);
        waited_ = true;
    }

    pid_t pid_ = 0;
    int   status_ = 0;
    bool  waited_ = false;
};

inline std::uint16_t free_port() {
    boost::asio::io_context        io;
    boost::asio::ip::tcp::acceptor taken(io, {boost::asio::ip::address_v4::loopback(), 0});
    return taken.local_endpoint().port();
}

/// A folder that goes away again.
class scratch_folder {
public:
    scratch_folder() {
        auto name = (std::filesystem::temp_directory_path() / "aldis-interop-XXXXXX").string();
        if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
        path = name;
    }
    scratch_folder(scratch_folder const&) = delete;
    scratch_folder& operator=(scratch_folder const&) = delete;
    ~scratch_folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path, ignored);
    }

    std::filesystem::path path{};
};

} // namespace aldis::test
