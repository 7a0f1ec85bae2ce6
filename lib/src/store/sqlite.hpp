// SQLite's handles as owners, and its statements with checked steps. Only this folder includes this.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <sqlite3.h>

#include <aldis/codec/bytes.hpp>

namespace aldis::sqlite {

/// A result code of SQLite that is not one of success, with its words.
struct failure {
    int         code;
    int         system = 0;                                        // errno, where the system was the cause
    std::string text{};
};

[[noreturn]] inline void fail(sqlite3* db, int code) {
    if (db == nullptr) throw failure{code, 0, sqlite3_errstr(code)};
    throw failure{code, sqlite3_system_errno(db), sqlite3_errmsg(db)};
}

inline void check(sqlite3* db, int code) {
    if (code != SQLITE_OK && code != SQLITE_ROW && code != SQLITE_DONE) fail(db, code);
}

struct closer {
    void operator()(sqlite3* db) const noexcept { sqlite3_close(db); }
    void operator()(sqlite3_stmt* s) const noexcept { sqlite3_finalize(s); }
};
using database = std::unique_ptr<sqlite3, closer>;

/// A prepared statement; run() leaves it ready for the next use.
class statement {
public:
    statement(sqlite3* db, std::string_view sql) : db_(db) {
        sqlite3_stmt* made = nullptr;
        check(db, sqlite3_prepare_v3(db, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &made, nullptr));
        handle_.reset(made);
    }

    /// The values of its parameters in order, for next_row(); what they refer to stays until the last row.
    template <class... Values>
    statement& with(Values const&... values) {
        int at = 0;
        (bind(++at, values), ...);
        return *this;
    }

    /// How many rows it changed.
    template <class... Values>
    int run(Values const&... values) {
        with(values...);
        auto const code = sqlite3_step(handle_.get());
        if (code == SQLITE_DONE || code == SQLITE_ROW) {
            sqlite3_reset(handle_.get());
            return sqlite3_changes(db_);
        }
        failure const why{code, sqlite3_system_errno(db_), sqlite3_errmsg(db_)};
        sqlite3_reset(handle_.get());
        throw why;
    }

    /// `work` with the number in the only row that `value` finds, if there is one.
    template <class Work>
    void run_for(std::int64_t value, Work work) {
        with(value);
        std::optional<std::int64_t> found;
        while (next_row()) found = integer(0);
        if (found) work(*found);
    }

    /// False at the end, where it is ready for the next use.
    bool next_row() {
        auto const code = sqlite3_step(handle_.get());
        if (code == SQLITE_ROW) return true;
        if (code != SQLITE_DONE) fail(db_, code);
        sqlite3_reset(handle_.get());
        return false;
    }

    bool         is_null(int column) const { return sqlite3_column_type(handle_.get(), column) == SQLITE_NULL; }
    std::int64_t integer(int column) const { return sqlite3_column_int64(handle_.get(), column); }
    /// Until the next row.
    bytes_view blob(int column) const {
        auto const* const data = static_cast<std::byte const*>(sqlite3_column_blob(handle_.get(), column));
        return {data, static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column))};
    }
    std::string text(int column) const { return std::string(to_text(blob(column))); }

private:
    void bind(int at, std::int64_t value) { check(db_, sqlite3_bind_int64(handle_.get(), at, value)); }
    void bind(int at, std::optional<std::int64_t> const& value) {
        if (value) bind(at, *value);
        else check(db_, sqlite3_bind_null(handle_.get(), at));
    }
    // The bytes stay where they are until the statement has run.
    void bind(int at, bytes_view value) {
        static constexpr std::byte none{};                         // a null pointer would make it NULL
        check(db_, sqlite3_bind_blob64(handle_.get(), at, value.empty() ? &none : value.data(), value.size(), SQLITE_STATIC));
    }
    void bind(int at, std::string_view value) { bind(at, to_bytes(value)); }
    void bind(int at, std::optional<std::string> const& value) {
        if (value) bind(at, std::string_view(*value));
        else check(db_, sqlite3_bind_null(handle_.get(), at));
    }

    sqlite3*                              db_;
    std::unique_ptr<sqlite3_stmt, closer> handle_;
};

inline void execute(sqlite3* db, char const* sql) { check(db, sqlite3_exec(db, sql, nullptr, nullptr, nullptr)); }

} // namespace aldis::sqlite
