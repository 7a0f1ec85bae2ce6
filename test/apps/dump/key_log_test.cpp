// Key logs: lines that matter, lines that do not, files that grow.
#include <cstdio>
#include <fstream>

#include <unistd.h>

#include <dump/capture/key_log.hpp>
#include <dump/inputs.hpp>

#include "support/catch.hpp"
#include "support/hex.hpp"

using namespace aldis;
using namespace aldis::app::dump;
using namespace aldis::test;

namespace {

std::string const random_1(64, '1'), random_2(64, '2');

tls_random random_of(unsigned char digit) {
    tls_random random;
    random.fill(static_cast<std::byte>(digit * 0x11));
    return random;
}

byte_buffer secret(key_log& keys, unsigned char digit, tls_secret which) {
    auto const* const found = keys.find(random_of(digit));
    return found ? (*found)[static_cast<std::size_t>(which)] : byte_buffer{};
}

struct temporary_file {
    temporary_file() {
        char name[] = "/tmp/aldis-keys-XXXXXX";
        int const descriptor = ::mkstemp(name);
        REQUIRE(descriptor >= 0);
        ::close(descriptor);
        path = name;
    }
    ~temporary_file() { std::remove(path.c_str()); }
    temporary_file(temporary_file const&) = delete;
    temporary_file& operator=(temporary_file const&) = delete;

    void add(std::string const& text) const { std::ofstream(path, std::ios::app) << text; }

    std::string path{};
};

} // namespace

TEST_CASE("a key log gives the secrets of a session", "[dump][tls]") {
    key_log keys;
    keys.add("# a comment\r\nCLIENT_RANDOM " + random_1 + " 0aFF\r\n\nEXPORTER_SECRET " + random_1 + " 0b\nSERVER_TRAFFIC_SECRET_0 " + random_1 + " 0c");

    CHECK(secret(keys, 1, tls_secret::master) == from_hex("0aff"));
    CHECK(secret(keys, 1, tls_secret::server_traffic) == from_hex("0c"));
    CHECK(secret(keys, 1, tls_secret::client_traffic).empty());
    CHECK(keys.find(random_of(2)) == nullptr);
}

TEST_CASE("lines that are damaged are passed over", "[dump][tls]") {
    key_log keys;
    keys.add("CLIENT_RANDOM\nCLIENT_RANDOM 12 34\nCLIENT_RANDOM " + random_1 + "\nCLIENT_RANDOM " + random_1 + " 0g\nCLIENT_RANDOM " + random_1 + " 123\nCLIENT_RANDOM "
             + random_1 + " " + std::string(400, '0'));
    CHECK(keys.empty());
}

TEST_CASE("a key log that grows is read on when a session is not found", "[dump][tls]") {
    temporary_file file;
    file.add("CLIENT_RANDOM " + random_1 + " 01\nCLIENT_RANDOM " + random_2.substr(0, 10));
    key_log keys{file.path};
    CHECK(secret(keys, 1, tls_secret::master) == from_hex("01"));
    CHECK(keys.find(random_of(2)) == nullptr);

    file.add(random_2.substr(10) + " 02\n");
    CHECK(secret(keys, 2, tls_secret::master) == from_hex("02"));
}

TEST_CASE("a key log that is not there is refused", "[dump][tls]") {
    CHECK_THROWS_WITH(key_log{"/nowhere/keys"}, Catch::Contains("/nowhere/keys cannot be read"));
}
