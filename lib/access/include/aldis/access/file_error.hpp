// What is wrong with a file that somebody wrote.
#pragma once

#include <stdexcept>
#include <string>

namespace aldis::access {

/// Thrown by load(), parse() and save(): what() is one line for people, "users.txt:3: ...", that says what is wrong and what to try.
class file_error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

} // namespace aldis::access
