// Standard input, read without blocking: Linux and POSIX calls.
#include "standard_input.hpp"

#include <cerrno>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace aldis::app {

// Not blocking is a property of the open file, which a terminal or pipe shares with other programs: so it is opened anew.
standard_input::standard_input(boost::asio::any_io_executor executor) : in_(executor) {
    struct stat about{};
    bool const is_file = ::fstat(STDIN_FILENO, &about) == 0 && S_ISREG(about.st_mode);
    if (is_file) return;
    int own = ::open("/dev/stdin", O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (own < 0) {                                                 // a socket, say
        flags_to_restore_ = ::fcntl(STDIN_FILENO, F_GETFL);
        own = ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
    }
    if (own < 0) return;
    error_code wrong;
    in_.assign(own, wrong);
    if (wrong) ::close(own);
    can_wait_ = !wrong;
}

standard_input::~standard_input() {
    if (flags_to_restore_ >= 0) ::fcntl(STDIN_FILENO, F_SETFL, flags_to_restore_);
}

void standard_input::async_read(handler on_piece) {
    if (!can_wait_) return read_directly(std::move(on_piece));
    in_.async_read_some(boost::asio::buffer(piece_), [this, on_piece = std::move(on_piece)](error_code const& why, std::size_t n) {
        if (why == boost::asio::error::operation_not_supported) {  // /dev/null, say
            can_wait_ = false;
            return read_directly(on_piece);
        }
        on_piece(why, {piece_.data(), n});
    });
}

void standard_input::read_directly(handler on_piece) {
    boost::asio::post(in_.get_executor(), [this, on_piece = std::move(on_piece)] {
        ssize_t n = 0;
        do n = ::read(STDIN_FILENO, piece_.data(), piece_.size());
        while (n < 0 && errno == EINTR);
        if (n < 0) return on_piece(error_code{errno, boost::system::system_category()}, {});
        if (n == 0) return on_piece(boost::asio::error::eof, {});
        on_piece({}, {piece_.data(), static_cast<std::size_t>(n)});
    });
}

} // namespace aldis::app
