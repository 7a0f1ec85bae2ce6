// Options from files.
#include <support/catch.hpp>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>

#include <unistd.h>

#include <cli/options_file.hpp>

#include "support.hpp"

using namespace aldis;
using namespace aldis::app;
using namespace aldis::app::test;

namespace {

class folder {
public:
    folder() {
        char name[] = "/tmp/aldis_options_XXXXXX";
        path_ = ::mkdtemp(name);
    }
    ~folder() {
        for (auto const& file : files_) std::remove(file.c_str());
        ::rmdir(path_.c_str());
    }
    folder(folder const&) = delete;
    folder& operator=(folder const&) = delete;

    std::string write(std::string const& name, std::string const& text) {
        files_.push_back(path_ + "/" + name);
        std::ofstream{files_.back(), std::ios::binary} << text;
        return files_.back();
    }
    std::string const& path() const { return path_; }

private:
    std::string              path_;
    std::vector<std::string> files_;
};

options read(tool which, std::string const& text) {
    folder here;
    options given;
    given.which = which;
    apply_options_file(given, {here.write("file", text)});
    return given;
}

} // namespace

TEST_CASE("an options file holds one option a line", "[apps][file]") {
    auto const given = read(tool::sub, "# a comment\n-h somewhere\n-p 77\r\n\n  -v\n-t a b\n--quiet \n-t c");
    CHECK(given.connection.host == "somewhere");
    CHECK(given.connection.port == 77);
    CHECK(given.sub.verbose);
    CHECK(given.quiet);
    CHECK(given.topics == std::vector<std::string>{"a b", "c"});
}

TEST_CASE("a property in an options file keeps the spaces of its value", "[apps][file]") {
    auto const given = read(tool::pub, "-D publish user-property name a value\n-D publish content-type text/plain; x=1\n");
    auto const props = given.properties_of(property_target::publish).view();
    CHECK(props.get<property_id::user_property>() == text_pair{"name", "a value"});
    CHECK(props.get<property_id::content_type>() == "text/plain; x=1");
}

TEST_CASE("the command line overrides an options file", "[apps][file]") {
    folder here;
    options given;
    given.which = tool::pub;
    apply_options_file(given, {here.write("f", "-h one\n-q 2\n-t a\n")});
    apply_arguments(given, {"-h", "two", "-n"});
    finish(given);
    CHECK(given.connection.host == "two");
    CHECK(given.qos == qos_level::exactly_once);
    CHECK(given.topics.front() == "a");
}

TEST_CASE("our own options file is used before that of the tool it replaces", "[apps][file]") {
    std::map<std::string, std::string> variables{{"HOME", "/home/x"}};
    auto const environment = [&](char const* name) { return variables.count(name) != 0 ? variables.at(name).c_str() : nullptr; };
    CHECK(options_files(tool::pub, environment) == std::vector<std::string>{"/home/x/.config/aldis_pub", "/home/x/.config/mosquitto_pub"});
    variables["XDG_CONFIG_HOME"] = "/c";
    CHECK(options_files(tool::sub, environment) == std::vector<std::string>{"/c/aldis_sub", "/c/mosquitto_sub"});
    variables.clear();
    CHECK(options_files(tool::sub, environment).empty());

    folder here;
    auto const theirs = here.write("mosquitto_pub", "-h theirs\n");
    options given;
    apply_options_file(given, {here.path() + "/aldis_pub", theirs});
    CHECK(given.connection.host == "theirs");
    apply_options_file(given, {here.write("aldis_pub", "-h ours\n"), theirs});
    CHECK(given.connection.host == "ours");
}

TEST_CASE("a mistake in an options file is found by file and line", "[apps][file]") {
    using Catch::Matchers::Contains;
    using Catch::Matchers::StartsWith;
    auto const text = error_of([] { read(tool::sub, "-h x\n\n--bogus y\n"); });
    CHECK_THAT(text, StartsWith("Unknown option '--bogus'."));
    CHECK_THAT(text, Contains("/file line 3"));
    CHECK_THAT(error_of([] { read(tool::sub, "-W\n"); }), StartsWith("-W argument given but no timeout specified."));
    CHECK_THAT(error_of([] { read(tool::pub, "-D publish content-type\n"); }), StartsWith("--property argument given but not enough arguments"));
    CHECK_THAT(error_of([] { read(tool::pub, "-m " + std::string(1100, 'x')); }), Contains("longer than 1023 bytes"));
    CHECK_THAT(error_of([] { read(tool::pub, std::string(2'000'000, '#')); }), Contains("is longer than"));
}
