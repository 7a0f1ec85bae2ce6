// Reading a password from /dev/tty: what readpassphrase(3) does elsewhere.
#include "password.hpp"

#include <array>
#include <csignal>

#include <fcntl.h>
#include <poll.h>
#include <sys/types.h>
#include <termios.h>
#include <unistd.h>

#include "terminal.hpp"

namespace aldis::app {
namespace {

constexpr std::size_t longest = 1023;

// Those that end or stop the program, or would find the terminal without echo.
constexpr std::array watched{SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGALRM, SIGTSTP, SIGTTIN, SIGTTOU};

volatile std::sig_atomic_t arrived[64];

extern "C" void aldis_note_signal(int number) { arrived[number] = 1; }

// While it lives, the watched signals only interrupt the waiting: they are held back at all other times, so that none comes unnoticed between
// looking and waiting. They are raised again when their handlers are back. The last two come of touching the terminal itself.
class signal_guard {
public:
    signal_guard() {
        sigset_t held;
        sigemptyset(&held);
        for (auto const number : watched)
            if (number != SIGTTIN && number != SIGTTOU) sigaddset(&held, number);
        ::pthread_sigmask(SIG_BLOCK, &held, &mask_);
        struct sigaction note {};
        note.sa_handler = aldis_note_signal;
        sigemptyset(&note.sa_mask);
        for (std::size_t i = 0; i < watched.size(); ++i) {
            arrived[watched[i]] = 0;
            ::sigaction(watched[i], &note, &before_[i]);
        }
    }
    ~signal_guard() {
        for (std::size_t i = 0; i < watched.size(); ++i) ::sigaction(watched[i], &before_[i], nullptr);
        for (auto const number : watched)
            if (arrived[number] != 0) ::kill(::getpid(), number);
        ::pthread_sigmask(SIG_SETMASK, &mask_, nullptr);
    }
    signal_guard(signal_guard const&) = delete;
    signal_guard& operator=(signal_guard const&) = delete;

    /// False when a signal came first.
    bool wait_for_input(int terminal) const noexcept {
        pollfd wanted{terminal, POLLIN, 0};
        return ::ppoll(&wanted, 1, nullptr, &mask_) == 1;
    }

    // Whether one of those came that only stop the program: the question is asked again afterwards.
    static bool has_stopped() noexcept { return arrived[SIGTSTP] != 0 || arrived[SIGTTIN] != 0 || arrived[SIGTTOU] != 0; }

private:
    std::array<struct sigaction, watched.size()> before_{};
    sigset_t                                     mask_{};
};

class silent_terminal {
public:
    explicit silent_terminal(int terminal) : terminal_(terminal), is_set_(::tcgetattr(terminal, &before_) == 0) {
        if (!is_set_) return;
        auto quiet = before_;
        quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO | ECHONL);
        ::tcsetattr(terminal_, TCSAFLUSH, &quiet);
    }
    ~silent_terminal() {
        if (is_set_) ::tcsetattr(terminal_, TCSAFLUSH, &before_);
    }
    silent_terminal(silent_terminal const&) = delete;
    silent_terminal& operator=(silent_terminal const&) = delete;

private:
    int     terminal_;
    termios before_{};
    bool    is_set_;
};

void write_all(int to, std::string_view text) {
    while (!text.empty()) {
        auto const n = ::write(to, text.data(), text.size());
        if (n <= 0) return;
        text.remove_prefix(static_cast<std::size_t>(n));
    }
}

// Nothing at the end of input, and when a signal came first.
std::optional<std::string> read_line(int from, signal_guard const& guard) {
    std::string line;
    char        c = 0;
    while (!signal_guard::has_stopped() && guard.wait_for_input(from) && ::read(from, &c, 1) == 1) {
        if (c == '\n' || c == '\r') return line;
        if (line.size() < longest) line += c;
    }
    return {};
}

std::optional<std::string> ask_once(int terminal, std::string_view prompt, bool& again) {
    signal_guard const         guard;
    std::optional<std::string> line;
    {
        silent_terminal const silent{terminal};
        write_all(terminal, prompt);
        line = read_line(terminal, guard);
        write_all(terminal, "\n");
    }
    again = !line && signal_guard::has_stopped();
    return line;
}

} // namespace

std::optional<std::string> ask_password(std::string_view prompt) {
    int const terminal = ::open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (terminal < 0) return {};
    auto const                 shown = visible(prompt);
    std::optional<std::string> line;
    bool                       again = true;
    while (again) line = ask_once(terminal, shown, again);
    ::close(terminal);
    return line;
}

} // namespace aldis::app
