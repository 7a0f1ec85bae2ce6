// Standard input, read without blocking whatever it is.
#pragma once

#include <array>
#include <functional>
#include <string_view>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

namespace aldis::app {

class standard_input {
public:
    using error_code = boost::system::error_code;
    using handler = std::function<void(error_code, std::string_view)>;

    explicit standard_input(boost::asio::any_io_executor executor);
    ~standard_input();
    standard_input(standard_input const&) = delete;
    standard_input& operator=(standard_input const&) = delete;

    /// Brings the next piece, which lives until the next call; at the end asio::error::eof and none.
    void async_read(handler on_piece);

private:
    void read_directly(handler on_piece);

    boost::asio::posix::stream_descriptor in_;
    std::array<char, 65'536>              piece_{};
    bool                                  can_wait_ = false;       // files cannot be waited for, nor need they
    int                                   flags_to_restore_ = -1;
};

} // namespace aldis::app
