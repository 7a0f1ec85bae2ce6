// `aldis passwd`: the command line, where passwords come from, and what is done to the file.
#include "passwd.hpp"

#include <cstdio>
#include <iostream>
#include <optional>
#include <stdexcept>

#include <unistd.h>

#include <CLI/CLI.hpp>

#include <aldis/access/password_file.hpp>

#include "cli/exit_code.hpp"
#include "cli/password.hpp"
#include "cli/report.hpp"

namespace aldis::app {
namespace {

using access::password_file;
using access::password_hash;

struct request {
    std::string   file{};
    std::string   user{};
    std::string   password{};
    std::string   hash = "sha512-pbkdf2";
    std::uint32_t iterations = password_hash{}.iterations;
    bool          in_batch = false;
    bool          create = false;
    bool          remove = false;
    bool          upgrade = false;
    bool          check = false;
};

struct wrong_usage : std::runtime_error {
    using std::runtime_error::runtime_error;
};

void describe(CLI::App& app, request& r) {
    app.add_option("file", r.file, "the password file")->type_name("FILE");
    app.add_option("user", r.user, "whom it is about")->type_name("USER");
    app.add_option("password", r.password, "with -b")->type_name("PASSWORD");
    app.add_flag("-c", r.create, "make a new file, in place of one that is there");
    app.add_flag("-D", r.remove, "remove the user");
    app.add_flag("-U", r.upgrade, "hash the passwords of a file that has them as they are typed");
    app.add_flag("--check", r.check, "tell whether the file is good and, where a user is given, whether the password is his");
    app.add_flag("-b", r.in_batch, "take the password from the command line, where others on this machine can see it");
    app.add_option("-H", r.hash, "how passwords are kept: sha512-pbkdf2, or sha512 for mosquitto 1.6 and older")
        ->type_name("HASH")
        ->check(CLI::IsMember({"sha512-pbkdf2", "sha512"}));
    app.add_option("-I", r.iterations, "of sha512-pbkdf2; a check takes about a microsecond for each")
        ->type_name("N")
        ->check(CLI::Range(std::uint32_t{1}, password_hash::max_iterations))
        ->capture_default_str();
}

void validate(request const& r) {
    if (r.file.empty()) throw wrong_usage("there is no password file");
    if (int{r.create} + int{r.remove} + int{r.upgrade} + int{r.check} > 1) throw wrong_usage("-c, -D, -U and --check exclude one another");
    if (r.upgrade && (!r.user.empty() || r.in_batch)) throw wrong_usage("-U is for a whole file, not for a user");
    if (r.user.empty() && !r.upgrade && !r.check) throw wrong_usage("there is no user");
    if (r.in_batch && (r.user.empty() || r.remove)) throw wrong_usage("-b needs a user and a password");
    if (r.in_batch != !r.password.empty())
        throw wrong_usage(r.in_batch ? "-b needs a password that is not empty" : "a password on the command line needs -b; without it you are asked for one");
}

// ---- Where passwords come from --------------------------------------------------------------------------------------------------------

std::optional<std::string> ask(std::string const& prompt) {
    if (::isatty(STDIN_FILENO) == 1) return ask_password(prompt);
    std::string line;
    if (!std::getline(std::cin, line)) return std::nullopt;
    return line;
}

std::string first_password(request const& r) {
    if (r.in_batch) return r.password;
    auto given = ask("Password: ");
    if (!given || given->empty()) throw std::runtime_error("the password is empty");
    return std::move(*given);
}

// Asked twice, since nobody sees it. What comes through a pipe may be there once.
std::string new_password(request const& r) {
    auto given = first_password(r);
    if (r.in_batch) return given;
    auto const again = ask("Once more: ");
    if (again ? *again != given : ::isatty(STDIN_FILENO) == 1) throw std::runtime_error("the two passwords are not the same; nothing was changed");
    return given;
}

// ---- What is done ---------------------------------------------------------------------------------------------------------------------

password_hash hash_of(request const& r) {
    bool const is_slow = r.hash == "sha512-pbkdf2";
    return {is_slow ? password_hash::kind::sha512_pbkdf2 : password_hash::kind::sha512, is_slow ? r.iterations : 1};
}

password_file load(request const& r) {
    if (r.create) return {};
    if (::access(r.file.c_str(), F_OK) != 0) throw std::runtime_error(r.file + ": there is no such file; -c makes a new one");
    return r.upgrade ? password_file::load_plain(r.file, hash_of(r)) : password_file::load(r.file);
}

int check(request const& r, password_file const& file) {
    if (r.user.empty()) {
        std::printf("%s: %zu user%s\n", r.file.c_str(), file.size(), file.size() == 1 ? "" : "s");
        return exit_code::success;
    }
    bool const is_right = file.check(r.user, to_bytes(first_password(r)));
    std::puts(is_right ? "The password is right." : "No: there is no such user, or the password is another.");
    return is_right ? exit_code::success : exit_code::failure;
}

int perform(request const& r) {
    auto file = load(r);
    if (r.check) return check(r, file);
    if (r.remove && !file.remove(r.user)) throw std::runtime_error(r.file + ": there is no user '" + r.user + "'");
    if (!r.remove && !r.upgrade) file.put(r.user, to_bytes(new_password(r)), hash_of(r));
    file.save(r.file);
    return exit_code::success;
}

} // namespace

int passwd_run(std::vector<std::string> const& words) {
    request  wanted;
    CLI::App app{"Writes and checks password files, as mosquitto's password_file and mosquitto_passwd have them.", "aldis passwd"};
    describe(app, wanted);
    try {
        app.parse(std::vector<std::string>{words.rbegin(), words.rend()});
        validate(wanted);
        return perform(wanted);
    } catch (CLI::CallForHelp const&) {
        std::fputs(app.help().c_str(), stdout);
        return exit_code::success;
    } catch (CLI::ParseError const& error) {
        print_error(std::string(error.what()) + ". Use 'aldis passwd --help' to see usage.");
    } catch (wrong_usage const& error) {
        print_error(std::string(error.what()) + ". Use 'aldis passwd --help' to see usage.");
    } catch (std::exception const& error) {
        print_error(error.what());
    }
    return exit_code::failure;
}

} // namespace aldis::app
