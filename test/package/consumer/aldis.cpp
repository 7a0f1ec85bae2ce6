// Uses the client: connecting to a socket that is not there is told as an error.
#include <boost/asio/io_context.hpp>

#include <aldis/client.hpp>

int main() {
    boost::asio::io_context io;
    aldis::client client{io, aldis::connect_options{"unix:///nonexistent/broker.sock"}};
    int status = 1;
    client.async_connect([&](aldis::error_code ec, aldis::connect_result const&) { status = ec ? 0 : 2; });
    io.run();
    return status;
}
