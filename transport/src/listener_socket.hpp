// The socket a listener listens on: finding an address, binding, a unix socket's file and who may use it.
#pragma once

#include <optional>

#include <sys/stat.h>

#include <boost/asio/basic_socket_acceptor.hpp>

#include <aldis/transport/endpoint.hpp>
#include <aldis/transport/listen_options.hpp>

#include "socket_stream.hpp"

namespace aldis::transport {

class listening_socket {
public:
    using acceptor_type = asio::basic_socket_acceptor<asio::generic::stream_protocol>;

    explicit listening_socket(asio::any_io_executor const& ex) : acceptor_(ex) {}
    listening_socket(listening_socket const&) = delete;
    listening_socket& operator=(listening_socket const&) = delete;
    ~listening_socket() { close(); }

    error_code open(endpoint const& where, listen_options const& options);
    void       close() noexcept;

    acceptor_type&  acceptor() noexcept { return acceptor_; }
    endpoint const& local() const noexcept { return local_; }

private:
    // Which file this is, so that a path is removed only while it is still ours.
    struct file_identity {
        dev_t device = 0;
        ino_t inode = 0;
        friend bool operator==(file_identity const&, file_identity const&) = default;
    };
    static std::optional<file_identity> identify_socket(std::string const& path) noexcept;

    error_code open_tcp(endpoint const& where, int backlog);
    error_code open_local(endpoint const& where, listen_options const& options);
    error_code resolve(endpoint const& where, socket_address& into);
    error_code bind_to(socket_address const& address);
    error_code bind_to_file(socket_address const& address, listen_options const& options);
    error_code listen(int backlog);
    error_code remove_if_left_behind(socket_address const& address, std::string const& path);

    acceptor_type                acceptor_;
    endpoint                     local_;
    std::optional<file_identity> file_;                            // of the unix socket that we made
};

} // namespace aldis::transport
