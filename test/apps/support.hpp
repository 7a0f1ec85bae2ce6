// What the tests of the program share: a command line parsed, an error's text, a message to print.
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include <cli/arguments.hpp>
#include <cli/options.hpp>
#include <sub/format.hpp>

namespace aldis::app::test {

inline options parse(tool which, std::vector<std::string> const& words) {
    options given;
    given.which = which;
    given.program = which == tool::pub ? "aldis pub" : "aldis sub";
    apply_arguments(given, words);
    finish(given);
    return given;
}
inline options pub(std::vector<std::string> const& words) { return parse(tool::pub, words); }
inline options sub(std::vector<std::string> const& words) { return parse(tool::sub, words); }

/// The text of the usage_error that `act` throws; "" when it throws none.
template <class Act>
std::string error_of(Act act) {
    try {
        act();
    } catch (usage_error const& error) {
        return error.what();
    }
    return {};
}

inline std::string pub_error(std::vector<std::string> const& words) { return error_of([&] { pub(words); }); }
inline std::string sub_error(std::vector<std::string> const& words) { return error_of([&] { sub(words); }); }

} // namespace aldis::app::test
