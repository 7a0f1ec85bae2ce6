// Opening, locking and recognising a store's file, and naming what went wrong with it.
#include "database.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/system/system_error.hpp>

namespace aldis::sqlite {
namespace {

constexpr std::uint64_t page_size = 4096, fewest_pages = 16;
constexpr off_t         smallest_file = 512;

error_code meaning_of(failure const& why) {
    switch (why.code & 0xFF) {
    case SQLITE_FULL: return error::store_full;
    case SQLITE_IOERR: {                                           // a quota or a limit is no damage; errno is not always told
        bool const is_full = why.system == EFBIG || why.system == EDQUOT || why.system == ENOSPC;
        return is_full || why.code == SQLITE_IOERR_WRITE ? error::store_full : error::store_failed;
    }
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return error::store_in_use;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_MISMATCH:
    case SQLITE_ERROR:                                             // a table that is not as we made it
    case SQLITE_CONSTRAINT: return error::store_corrupt;
    case SQLITE_SCHEMA: return error::store_version;
    default: return error::store_failed;
    }
}

/// With mode 0600. A file that is there is not opened here: closing it would give up the locks that this process may have on it.
database open(std::string const& path) {
    int const made = ::open(path.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (made < 0 && errno != EEXIST) throw boost::system::system_error(errno, boost::system::system_category());
    if (made >= 0) ::close(made);
    struct stat facts{};
    if (made < 0 && ::stat(path.c_str(), &facts) == 0 && facts.st_size > 0 && facts.st_size < smallest_file)
        damaged("too short for a database");                       // SQLite would begin anew in it
    sqlite3*   raw = nullptr;
    auto const code = sqlite3_open_v2(path.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
    database   db(raw);
    check(raw, code);
    sqlite3_extended_result_codes(raw, 1);
    return db;
}

/// What the tables and indices are, as SQLite has them in words.
std::string schema_of(sqlite3* db) {
    statement   rows(db, "SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_schema ORDER BY name");
    std::string all;
    while (rows.next_row())
        for (int column = 0; column < 4; ++column) all += rows.text(column) + '\n';
    return all;
}

/// A word of it that was damaged may still be SQL, and mean something else.
void check_schema(sqlite3* db, format const& expected) {
    sqlite3*   raw = nullptr;
    auto const code = sqlite3_open_v2(":memory:", &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
    database   fresh(raw);
    check(raw, code);
    execute(raw, expected.tables);
    if (schema_of(db) != schema_of(raw)) damaged("its tables are not as they were made");
}

void prepare_tables(sqlite3* db, format const& expected) {
    statement identity(db, "SELECT (SELECT application_id FROM pragma_application_id), (SELECT user_version FROM pragma_user_version), "
                           "(SELECT count(*) FROM sqlite_schema)");
    identity.next_row();
    auto const is_from = identity.integer(0), version = identity.integer(1), things = identity.integer(2);
    while (identity.next_row()) {}
    if (is_from == 0 && version == 0 && things == 0) {
        auto const mark = "PRAGMA application_id = " + std::to_string(expected.application) + "; PRAGMA user_version = " + std::to_string(expected.version);
        return execute(db, ("BEGIN EXCLUSIVE;" + std::string(expected.tables) + mark + "; COMMIT").c_str());
    }
    if (is_from != expected.application) throw failure{SQLITE_NOTADB, 0, "a database of another program"};
    if (version != expected.version)
        throw failure{SQLITE_SCHEMA, 0, "tables of version " + std::to_string(version) + ", not " + std::to_string(expected.version)};
    execute(db, "BEGIN IMMEDIATE; COMMIT");                        // takes the lock that is kept
    statement health(db, "PRAGMA integrity_check(1)");
    if (!health.next_row() || health.text(0) != "ok") damaged("its pages do not fit together");
    while (health.next_row()) {}
    check_schema(db, expected);
}

} // namespace

void damaged(char const* what) { throw failure{SQLITE_CORRUPT, 0, what}; }

database open_store(std::string const& path, std::uint64_t max_bytes, format const& expected) {
    auto db = open(path);
    sqlite3_busy_timeout(db.get(), 0);
    execute(db.get(), "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; "
                      "PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 16777216");
    auto const pages = std::max(max_bytes / page_size, fewest_pages);
    execute(db.get(), ("PRAGMA max_page_count = " + std::to_string(pages)).c_str());
    prepare_tables(db.get(), expected);
    return db;
}

verdict told_of_exception(std::string const& path) {
    try {
        throw;
    } catch (failure const& why) {
        auto const system = why.system != 0 ? std::string(", ") + std::strerror(why.system) : std::string();
        return {meaning_of(why), path + ": " + why.text + system};
    } catch (boost::system::system_error const& why) {
        return {why.code(), path + ": " + why.code().message()};
    } catch (std::bad_alloc const&) {
        return {error::store_failed, path + ": out of memory"};
    }
}

} // namespace aldis::sqlite
