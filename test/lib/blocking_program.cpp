// A program that uses the blocking client and nothing else: what it includes is measured.
#include <cstdio>

#include <aldis/blocking_client.hpp>

int main() {
    try {
        aldis::blocking_client client{aldis::blocking_config("localhost").client_id("lamp-1")};
        client.connect();
        client.subscribe("lamp/+/set", [](aldis::received_message const& m) { std::puts(std::string(m.text()).c_str()); }).wait();
        client.publish("lamp/1/state", "on").wait();
        client.run_until_signal();
    } catch (aldis::exception const& e) { std::puts(e.what()); }
}
