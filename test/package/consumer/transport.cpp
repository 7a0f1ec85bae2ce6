// Uses the transport without MQTT: takes an address apart.
#include <aldis/transport/endpoint.hpp>

int main() {
    auto const broker = aldis::transport::parse_endpoint("mqtt://[::1]:1884");
    return broker && broker->host() == "::1" && broker->port() == 1884 ? 0 : 1;
}
