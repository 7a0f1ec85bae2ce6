// Password files: those that mosquitto wrote, our own, and what is wrong with others.
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include <aldis/access/password_file.hpp>
#include <support/catch.hpp>

using namespace aldis;
using namespace aldis::access;

namespace {

// Written by mosquitto_passwd 2.0.11; the password of both is "secret".
constexpr auto of_mosquitto =
    "roger:$7$101$wUqWvrVa9QecinaN$NcMyb0GKOXGU65t+yxlXjE785qdgPRTcY3X9zVEwXSh7looeTdKyT4zOWg+8cOZ8WuZfUBO3DkI8C7cXhwvNJA==\n"
    "alice:$6$A4p1S6dMUTt3hF1e$yGGUr+gK3AQwLGc3zfAo8Mw1mMbivLnszIGDVUxpwHwKvdhwraZqaARvF5i39tPe8xGmoz589SNf8i3dc1Rr1Q==\n";

bool lets_in(password_file const& file, std::string_view user, std::string_view password) { return file.check(user, to_bytes(password)); }

std::string refusal_of(std::string const& text) {
    try {
        password_file::parse(text, "users");
    } catch (file_error const& error) {
        return error.what();
    }
    return {};
}

// A folder that is gone with the test.
struct scratch {
    std::string folder = (std::filesystem::temp_directory_path() / "aldis-access-XXXXXX").string();

    scratch() { REQUIRE(::mkdtemp(folder.data()) != nullptr); }
    ~scratch() { std::filesystem::remove_all(folder); }

    std::string path(std::string const& name) const { return folder + '/' + name; }
    void        write(std::string const& name, std::string_view text) const { std::ofstream(path(name), std::ios::binary) << text; }
};

unsigned permissions_of(std::string const& path) {
    struct stat about {};
    REQUIRE(::stat(path.c_str(), &about) == 0);
    return about.st_mode & 0777U;
}

} // namespace

TEST_CASE("a file that mosquitto_passwd wrote lets in whom it should", "[access][password]") {
    auto const file = password_file::parse(of_mosquitto);

    CHECK(file.size() == 2);
    for (auto const user : {"roger", "alice"}) {
        CHECK(lets_in(file, user, "secret"));
        for (auto const wrong : {"", "Secret", "secret ", "secre", "secrets"}) CHECK_FALSE(lets_in(file, user, wrong));
    }
    for (auto const nobody : {"", "bob", "Roger", "roger:", "alice\n"}) CHECK_FALSE(lets_in(file, nobody, "secret"));
    CHECK(file.text() == of_mosquitto);
}

TEST_CASE("an empty file lets nobody in", "[access][password]") {
    CHECK_FALSE(lets_in(password_file(), "", ""));
    CHECK_FALSE(lets_in(password_file::parse(""), "roger", "secret"));
}

TEST_CASE("comments, empty lines and foreign line ends are no users", "[access][password]") {
    auto const file = password_file::parse("# who may come in\r\n\r\n" + std::string(of_mosquitto, std::string_view(of_mosquitto).find('\n') + 1));

    CHECK(file.size() == 1);
    CHECK(file.text().starts_with("# who may come in\n\nroger:"));
}

TEST_CASE("users are added, changed and removed, and the rest stays", "[access][password]") {
    auto const how = GENERATE(password_hash{}, password_hash{password_hash::kind::sha512_pbkdf2, 1}, password_hash{password_hash::kind::sha512});
    auto       file = password_file::parse("# first\n" + std::string(of_mosquitto));
    auto const bytes = std::string("any\0bytes\xFF", 10);

    file.put("bob", to_bytes(bytes), how);
    file.put("roger", to_bytes("new"), how);
    CHECK(file.remove("alice"));
    CHECK_FALSE(file.remove("alice"));

    auto const again = password_file::parse(file.text());
    for (auto const& each : {file, again}) {
        CHECK(each.size() == 2);
        CHECK(lets_in(each, "bob", bytes));
        CHECK_FALSE(lets_in(each, "bob", "any"));
        CHECK(lets_in(each, "roger", "new"));
        CHECK_FALSE(lets_in(each, "roger", "secret"));
        CHECK_FALSE(each.contains("alice"));
    }
    CHECK(again.text() == file.text());
    CHECK(file.text().starts_with("# first\nroger:"));
}

TEST_CASE("the same password is never kept twice the same way", "[access][password]") {
    password_file file;
    file.put("a", to_bytes("secret"));
    file.put("b", to_bytes("secret"));

    auto const text = file.text();
    CHECK(text.substr(2, text.find('\n') - 2) != text.substr(text.find('\n') + 3, text.find('\n') - 2));
}

TEST_CASE("names and passwords that a file can not hold are refused", "[access][password]") {
    password_file file;
    for (auto const name : {"", "a:b", "#a", "a\nb", "a\rb", "\xFF"}) CHECK_THROWS_AS(file.put(name, to_bytes("x")), std::invalid_argument);
    CHECK_THROWS_AS(file.put("a", {}), std::invalid_argument);
    CHECK_THROWS_AS(file.put("a", to_bytes(std::string(70'000, 'x'))), std::invalid_argument);
    CHECK_THROWS_AS(file.put("a", to_bytes("x"), {password_hash::kind::sha512_pbkdf2, 0}), std::invalid_argument);
    CHECK_THROWS_AS(file.put("a", to_bytes("x"), {password_hash::kind::sha512_pbkdf2, password_hash::max_iterations + 1}), std::invalid_argument);
    CHECK(file.size() == 0);
    CHECK_FALSE(file.check("a", to_bytes(std::string(2'000'000, 'x'))));
}

TEST_CASE("what is wrong with a line is told with its number", "[access][password]") {
    std::string const good = "$NcMyb0GKOXGU65t+yxlXjE785qdgPRTcY3X9zVEwXSh7looeTdKyT4zOWg+8cOZ8WuZfUBO3DkI8C7cXhwvNJA==";
    struct { std::string line; std::string_view tells; } const table[] = {
        {"roger", "users:2: there is no ':'"},
        {":$7$101$wUqWvrVa9QecinaN" + good, "users:2: the user name is empty"},
        {"a\xFF:x", "users:2: the user name is not text"},
        {"a:secret", "is not hashed; 'aldis passwd -U' does that"},
        {"a:", "is not hashed"},
        {"a:$5$x$y", "of no kind that is known"},
        {"a:$", "of no kind that is known"},
        {"a:$7$0$wUqWvrVa9QecinaN" + good, "iterations"},
        {"a:$7$-1$wUqWvrVa9QecinaN" + good, "iterations"},
        {"a:$7$1x$wUqWvrVa9QecinaN" + good, "iterations"},
        {"a:$7$10000001$wUqWvrVa9QecinaN" + good, "iterations"},
        {"a:$7$99999999999999999999$wUqWvrVa9QecinaN" + good, "iterations"},
        {"a:$7$101$" + good, "the salt"},
        {"a:$7$101$wUqW rVa9Qec" + good, "the salt"},
        {"a:$7$101$wUqWvrVa9QecinaN", "the hash"},
        {"a:$7$101$wUqWvrVa9QecinaN$NcMy", "the hash"},
        {"a:$7$101$wUqWvrVa9QecinaN" + good + "A", "the hash"},
        {"a:$7$101$wUqWvrVa9QecinaN" + good + "\nb:$", "users:3:"},
        {"a:$7$101$wUqWvrVa9QecinaN" + good + "\na:$7$101$wUqWvrVa9QecinaN" + good, "users:3: the user \"a\" is there twice"},
    };
    for (auto const& [line, tells] : table) {
        INFO(line);
        CHECK_THAT(refusal_of("# one\n" + line + "\n"), Catch::Contains(std::string(tells)));
    }
}

TEST_CASE("passwords as they are typed become hashed", "[access][password]") {
    auto const file = password_file::parse_plain("a:one\n# two\nb:t:w:o\n");

    CHECK(lets_in(file, "a", "one"));
    CHECK(lets_in(file, "b", "t:w:o"));
    CHECK(file.text().find("one\n") == std::string::npos);
    CHECK_THROWS_WITH(password_file::parse_plain("a:\n", {}, "users"), Catch::Contains("users:1: the user \"a\": the password is empty"));
}

TEST_CASE("a file is replaced in one step with its permissions", "[access][password]") {
    scratch       in;
    password_file file;
    file.put("a", to_bytes("one"));

    file.save(in.path("new"));
    CHECK(permissions_of(in.path("new")) == 0600);
    in.write("old", "# old\n");
    REQUIRE(::chmod(in.path("old").c_str(), 0640) == 0);
    std::filesystem::create_symlink(in.path("old"), in.path("link"));
    file.save(in.path("link"));

    CHECK(permissions_of(in.path("old")) == 0640);
    CHECK(std::filesystem::is_symlink(in.path("link")));
    CHECK(password_file::load(in.path("old")).text() == file.text());
    CHECK(std::distance(std::filesystem::directory_iterator(in.folder), {}) == 3);
}

TEST_CASE("files that can not be read or written are named with the reason", "[access][password]") {
    scratch in;

    CHECK_THROWS_WITH(password_file::load(in.path("none")), Catch::Contains("none: cannot read: No such file"));
    CHECK_THROWS_WITH(password_file::load(in.folder), Catch::Contains("cannot read"));
    CHECK_THROWS_WITH(password_file().save(in.path("none/there")), Catch::Contains("cannot write"));
    CHECK_THROWS_WITH(password_file().save(in.folder), Catch::Contains("not a regular file"));
    in.write("large", std::string((16U << 20U) + 1, '\n'));
    CHECK_THROWS_WITH(password_file::load(in.path("large")), Catch::Contains("more than 16 MiB"));
}
