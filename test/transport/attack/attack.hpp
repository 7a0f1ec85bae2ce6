// The play: who attacks what, who is to be served meanwhile, and what is told of it. Each part is a process of its own.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <vector>

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../listening.hpp"

namespace aldis::test {

using namespace std::chrono_literals;
using milliseconds = std::chrono::milliseconds;

inline constexpr std::array listened{scheme::tcp, scheme::tls, scheme::ws, scheme::wss};     // tcp with a PROXY header

enum class attack : std::size_t { silent, trickle, hello, upgrade_begun, upgraded };

inline constexpr std::array attack_names{"silent", "a byte at a time", "ClientHello only", "half an Upgrade", "Upgrade only"};

struct attack_group {
    scheme via = scheme::tcp;
    attack how = attack::silent;
};

inline constexpr std::array all_groups{
    attack_group{scheme::tcp, attack::silent},  attack_group{scheme::tcp, attack::trickle},
    attack_group{scheme::tls, attack::silent},  attack_group{scheme::tls, attack::trickle}, attack_group{scheme::tls, attack::hello},
    attack_group{scheme::ws, attack::silent},   attack_group{scheme::ws, attack::trickle},  attack_group{scheme::ws, attack::upgrade_begun},
    attack_group{scheme::ws, attack::upgraded}, attack_group{scheme::wss, attack::silent},  attack_group{scheme::wss, attack::trickle},
    attack_group{scheme::wss, attack::hello},   attack_group{scheme::wss, attack::upgrade_begun},
};

struct attack_plan {
    std::vector<attack_group> groups{};
    std::size_t               sockets = 100;       // for each group
    milliseconds              deadline{2000};
    milliseconds              trickle{200};        // between two bytes
};

using port_list = std::array<std::uint16_t, listened.size()>;

/// What became of a group of attackers, told by themselves.
struct attack_result {
    std::size_t connected = 0;
    std::size_t closed = 0;
    double      last_closed = 0;                   // seconds after it was connected
};

/// What became of those who came with good intentions, to one listener.
struct service_result {
    std::size_t served = 0;
    std::size_t failed = 0;                        // before the deadline; what the machine was too slow for is not counted
    double      p50 = 0, p99 = 0;                  // milliseconds from connect to the first byte back
};

using attack_results = std::array<attack_result, all_groups.size()>;
using service_results = std::array<service_result, listened.size()>;

struct round_result {
    attack_results                                       attacks{};
    service_results                                      services{};
    std::array<transport::listener_counts, listened.size()> counts{};
    std::size_t                                          cut_after_handshake = 0;
    std::size_t                                          memory_before = 0, memory_peak = 0, memory_after = 0;     // bytes, of the listeners' process
    bool                                                 is_complete = false;
};

inline std::size_t number_of(scheme via) {
    return static_cast<std::size_t>(std::find(listened.begin(), listened.end(), via) - listened.begin());
}

/// Written and read whole; false when the other end is gone.
template <class T>
bool send_value(int to, T const& value) { return ::send(to, &value, sizeof value, MSG_NOSIGNAL) == static_cast<ssize_t>(sizeof value); }
template <class T>
bool receive_value(int from, T& value) { return ::recv(from, &value, sizeof value, MSG_WAITALL) == static_cast<ssize_t>(sizeof value); }

/// A process that runs `play(socket)`; the other end of the socket is here.
class player {
public:
    template <class Play>
    explicit player(Play play) {
        int ends[2] = {-1, -1};
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return;
        child_ = fork();
        if (child_ == 0) {
            ::close(ends[0]);
            play(ends[1]);
            _exit(0);
        }
        ::close(ends[1]);
        socket_ = ends[0];
    }
    player(player const&) = delete;
    player& operator=(player const&) = delete;
    ~player() {
        ::close(socket_);
        int status = 0;
        waitpid(child_, &status, 0);
    }

    int  socket() const { return socket_; }
    void tell_end() const { ::shutdown(socket_, SHUT_WR); }

private:
    pid_t child_ = -1;
    int   socket_ = -1;
};

/// The three parts. They read the ports from `director` first, and write their results there.
void attack_from(attack_plan const& plan, int director);
void use_from(attack_plan const& plan, int director);
void defend_from(attack_plan const& plan, int director);

} // namespace aldis::test
