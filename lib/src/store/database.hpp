// A store's file: made or opened with its locks, recognised by its format, and what its failures mean to people.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include <aldis/error.hpp>

#include "sqlite.hpp"

namespace aldis::sqlite {

/// Which file it is: `application` and `version` stand in its head.
struct format {
    std::int64_t application;
    std::int64_t version;
    char const*  tables;                                           // statements that make them
};

/// How an attempt ended, with a line for people about it.
struct verdict {
    error_code  ec{};
    std::string text{};
};

/// Opens `path` for this process alone, or makes it with mode 0600; write-ahead log, synchronous FULL. Throws failure, or system_error.
database open_store(std::string const& path, std::uint64_t max_bytes, format const& expected);

/// What was read is not what was written.
[[noreturn]] void damaged(char const* what);

template <class Number>
Number narrow(std::int64_t value) {
    if (!std::in_range<Number>(value)) damaged("a number out of its range");
    return static_cast<Number>(value);
}

/// The exception being handled, as a verdict on the file at `path`.
verdict told_of_exception(std::string const& path);

/// Does `work`, without exceptions.
template <class Work>
verdict guarded(std::string const& path, Work work) {
    try {
        work();
        return {};
    } catch (...) {
        return told_of_exception(path);
    }
}

/// One transaction around `work`: all of it or nothing.
template <class Work>
void transact(sqlite3* db, Work work) {
    execute(db, "BEGIN IMMEDIATE");
    try {
        work();
        execute(db, "COMMIT");
    } catch (...) {
        sqlite3_exec(db, "ROLLBACK", nullptr, nullptr, nullptr);
        throw;
    }
}

} // namespace aldis::sqlite
