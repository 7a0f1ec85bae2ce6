// Tables, rows and transactions of the durable store, in SQLite's terms.
#include "session_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <new>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/system/system_error.hpp>

#include <aldis/codec/decode.hpp>
#include <aldis/codec/encode.hpp>
#include <aldis/connection.hpp>

#include "checksum.hpp"
#include "sqlite.hpp"

namespace aldis {
namespace {

using session::change;
using sqlite::statement;

constexpr std::int64_t format = 1;                                 // of the tables below, in the file's user_version
constexpr std::int64_t application = 0x414C4453;                   // "ALDS", in its application_id
constexpr std::int64_t page_size = 4096;
constexpr std::uint64_t fewest_pages = 16;
constexpr off_t smallest_file = 512;

// A message's place in its queue is `rank`: it gets a new one with each step, and each step has a queue of its own. `packet` is gone once
// the peer has said PUBREC. Each row's `mark` is the checksum of its numbers; texts and packets carry their own.
constexpr auto tables = R"(
    CREATE TABLE session (name TEXT PRIMARY KEY, value, mark INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE outgoing (no INTEGER PRIMARY KEY, step INTEGER NOT NULL, rank INTEGER NOT NULL, packet_id INTEGER NOT NULL,
                           mark INTEGER NOT NULL, packet BLOB);
    CREATE TABLE incoming (packet_id INTEGER PRIMARY KEY, mark INTEGER NOT NULL);
    CREATE TABLE subscriptions (filter BLOB PRIMARY KEY, options INTEGER NOT NULL, identifier INTEGER NOT NULL, mark INTEGER NOT NULL) WITHOUT ROWID;
)";

enum step : std::int64_t { queued = 0, started = 1, released = 2 };

constexpr codec::context stored_form{protocol::v5, sender::either};

// ---- Errors ---------------------------------------------------------------------------------------------------------------

[[noreturn]] void damaged(char const* what) { throw sqlite::failure{SQLITE_CORRUPT, 0, what}; }

error_code meaning_of(sqlite::failure const& why) {
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

template <class Number>
Number narrow(std::int64_t value) {
    if (!std::in_range<Number>(value)) damaged("a number out of its range");
    return static_cast<Number>(value);
}

// ---- Time -----------------------------------------------------------------------------------------------------------------

constexpr std::int64_t no_expiry = std::numeric_limits<std::int64_t>::max();

std::int64_t wall_clock() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::int64_t to_wall_clock(session::time_point due) { return wall_clock() + (due - connection::now()).count(); }

// A wall clock that was set back must not let a message live for ever.
session::time_point from_wall_clock(std::int64_t due) {
    constexpr std::int64_t longest = std::int64_t{std::numeric_limits<std::uint32_t>::max()} * 1000;
    return connection::now() + session::duration(std::clamp<std::int64_t>(due - wall_clock(), 0, longest));
}

// ---- Messages: checksum, expiry in milliseconds of the wall clock, PUBLISH of 5.0 -------------------------------------------

constexpr std::size_t number_size = 8, head_size = 2 * number_size;

void put_number(byte_buffer& to, std::int64_t value) {
    for (unsigned shift = 0; shift < 64; shift += 8) to.push_back(static_cast<std::byte>(static_cast<std::uint64_t>(value) >> shift));
}

std::int64_t number_at(bytes_view from, std::size_t at) {
    std::uint64_t value = 0;
    for (unsigned i = 0; i < number_size; ++i) value |= std::to_integer<std::uint64_t>(from[at + i]) << (8 * i);
    return static_cast<std::int64_t>(value);
}

std::int64_t checksum_of(std::int64_t no, bytes_view rest) { return checksum{}.add(no).add(rest).value(); }

byte_buffer record_of(change const& c) {
    packet::publish p;
    p.topic = c.content.topic();
    p.props = c.content.props();
    p.payload = c.content.payload();
    p.qos = c.qos;
    p.retain = c.retain;
    p.id = 1;                                                      // the real one is a column: it is chosen later
    byte_buffer out;
    put_number(out, 0);
    put_number(out, c.expires_at ? to_wall_clock(*c.expires_at) : no_expiry);
    if (!codec::encode(p, stored_form, out)) throw sqlite::failure{SQLITE_TOOBIG, 0, "a message that has no form"};
    byte_buffer sum;
    put_number(sum, checksum_of(static_cast<std::int64_t>(c.no), bytes_view(out).subspan(number_size)));
    std::copy(sum.begin(), sum.end(), out.begin());
    return out;
}

void read_record(bytes_view stored, change& into) {
    if (stored.size() <= head_size || number_at(stored, 0) != checksum_of(static_cast<std::int64_t>(into.no), stored.subspan(number_size)))
        damaged("a message that is not what was stored");
    if (auto const expiry = number_at(stored, number_size); expiry != no_expiry) into.expires_at = from_wall_clock(expiry);
    auto const packet = bytes_view(stored.subspan(head_size));
    auto const frame = codec::next_frame(packet, packet.size());
    if (!frame || !*frame || (*frame)->size != packet.size()) damaged("a message that is no packet");
    auto const p = codec::decode_as<packet::publish>(**frame, stored_form);
    if (!p || p->qos == qos_level::at_most_once) damaged("a message that is no PUBLISH");
    auto content = session::message::make(p->topic, p->props, p->payload);
    if (!content) damaged("a message with a bad topic");
    into.content = std::move(*content);
    into.qos = p->qos;
    into.retain = p->retain;
}

/// The identifiers that messages of a batch get within it, so that their row is written once.
std::unordered_set<session::delivery_no> started_within(std::vector<change> const& changes) {
    std::unordered_set<session::delivery_no> made, both;
    for (auto const& each : changes) {
        if (each.kind == change::what::cleared) return {};         // the same numbers may follow once more
        if (each.kind == change::what::queued) made.insert(each.no);
        if (each.kind == change::what::started && made.contains(each.no)) both.insert(each.no);
    }
    return both;
}

/// With mode 0600. A file that is there is not opened here: closing it would give up the locks that this process may have on it.
sqlite::database open(std::string const& path) {
    int const made = ::open(path.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (made < 0 && errno != EEXIST) throw boost::system::system_error(errno, boost::system::system_category());
    if (made >= 0) ::close(made);
    struct stat facts{};
    if (made < 0 && ::stat(path.c_str(), &facts) == 0 && facts.st_size > 0 && facts.st_size < smallest_file)
        damaged("too short for a database");                       // SQLite would begin anew in it
    sqlite3*         raw = nullptr;
    auto const       code = sqlite3_open_v2(path.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
    sqlite::database db(raw);
    sqlite::check(raw, code);
    sqlite3_extended_result_codes(raw, 1);
    return db;
}

} // namespace

// ---- The file -------------------------------------------------------------------------------------------------------------

class session_file::impl {
public:
    impl(std::string const& path, sqlite_store_options const& options) : db_(prepared(path, options)), most_(options.max_messages()) {}

    void load(session_store::contents& into) {
        statement session(handle(), "SELECT name, value, mark FROM session");
        while (session.next_row()) {
            if (session.text(0) == "client_id") load_name(session, into);
            else if (session.text(0) == "expiry") load_expiry(session, into);
            else damaged("an unknown row");
        }
        load_outgoing(into.changes);
        statement incoming(handle(), "SELECT packet_id, mark FROM incoming");
        while (incoming.next_row()) {
            if (incoming.integer(1) != mark_of({incoming.integer(0)})) damaged("an identifier that is not what was stored");
            into.changes.push_back({.kind = change::what::received, .id = narrow<packet_id>(incoming.integer(0))});
        }
        load_subscriptions(into.subscriptions);
    }

    void commit(session_store::batch const& what) {
        auto const before = std::pair{rank_, count_};
        sqlite::execute(handle(), "BEGIN IMMEDIATE");
        try {
            apply_all(what.changes);
            for (auto const& each : what.subscriptions) apply(each);
            if (what.client_id) put_name_.run(std::string_view(*what.client_id), checksum{}.add(to_bytes(*what.client_id)).value());
            sqlite::execute(handle(), "COMMIT");
        } catch (...) {
            sqlite3_exec(handle(), "ROLLBACK", nullptr, nullptr, nullptr);
            std::tie(rank_, count_) = before;
            throw;
        }
    }

private:
    sqlite3* handle() const noexcept { return db_.get(); }

    static sqlite::database prepared(std::string const& path, sqlite_store_options const& options) {
        auto db = open(path);
        sqlite3_busy_timeout(db.get(), 0);
        sqlite::execute(db.get(), "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; "
                                  "PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 16777216");
        auto const pages = std::max(options.max_bytes() / page_size, fewest_pages);
        sqlite::execute(db.get(), ("PRAGMA max_page_count = " + std::to_string(pages)).c_str());
        prepare_tables(db.get());
        return db;
    }

    static void prepare_tables(sqlite3* db) {
        statement identity(db, "SELECT (SELECT application_id FROM pragma_application_id), (SELECT user_version FROM pragma_user_version), "
                               "(SELECT count(*) FROM sqlite_schema)");
        identity.next_row();
        auto const is_from = identity.integer(0), version = identity.integer(1), things = identity.integer(2);
        while (identity.next_row()) {}
        if (is_from == 0 && version == 0 && things == 0) {
            auto const mark = "PRAGMA application_id = " + std::to_string(application) + "; PRAGMA user_version = " + std::to_string(format);
            return sqlite::execute(db, ("BEGIN EXCLUSIVE;" + std::string(tables) + mark + "; COMMIT").c_str());
        }
        if (is_from != application) throw sqlite::failure{SQLITE_NOTADB, 0, "a database of another program"};
        if (version != format)
            throw sqlite::failure{SQLITE_SCHEMA, 0, "tables of version " + std::to_string(version) + ", not " + std::to_string(format)};
        sqlite::execute(db, "BEGIN IMMEDIATE; COMMIT");            // takes the lock that is kept
        statement health(db, "PRAGMA integrity_check(1)");
        if (!health.next_row() || health.text(0) != "ok") damaged("its pages do not fit together");
    }

    // ---- Reading ----------------------------------------------------------------------------------------------------------

    static void load_name(statement& row, session_store::contents& into) {
        into.client_id = row.text(1);
        if (row.integer(2) != checksum{}.add(row.blob(1)).value()) damaged("a client identifier that is not what was stored");
    }

    static void load_expiry(statement& row, session_store::contents& into) {
        if (row.integer(2) != mark_of({row.integer(1)})) damaged("a session expiry that is not what was stored");
        into.changes.push_back({.kind = change::what::opened, .expiry = narrow<std::uint32_t>(row.integer(1))});
    }

    void load_outgoing(std::vector<change>& into) {
        statement rows(handle(), "SELECT no, step, rank, packet_id, mark, packet FROM outgoing ORDER BY step DESC, rank");
        for (; rows.next_row(); ++count_) {
            auto const at = rows.integer(1);
            if (rows.integer(4) != mark_of({rows.integer(0), at, rows.integer(2), rows.integer(3)}) || at < queued || at > released)
                damaged("a delivery that is not what was stored");
            change c{.kind = change::what::queued, .no = narrow<session::delivery_no>(rows.integer(0)), .qos = qos_level::exactly_once};
            if (at != released) read_record(rows.blob(5), c);
            auto const no = c.no;
            into.push_back(std::move(c));
            if (at >= started) into.push_back({.kind = change::what::started, .no = no, .id = narrow<packet_id>(rows.integer(3))});
            if (at == released) into.push_back({.kind = change::what::released, .no = no});
            rank_ = std::max(rank_, rows.integer(2));
        }
    }

    void load_subscriptions(std::vector<kept_subscription>& into) {
        statement rows(handle(), "SELECT filter, options, identifier, mark FROM subscriptions");
        while (rows.next_row()) {
            if (rows.integer(3) != checksum{}.add(rows.blob(0)).add(rows.integer(1)).add(rows.integer(2)).value())
                damaged("a subscription that is not what was stored");
            into.push_back({rows.text(0), narrow<std::uint8_t>(rows.integer(1)), narrow<std::uint32_t>(rows.integer(2))});
        }
    }

    // ---- Writing ----------------------------------------------------------------------------------------------------------

    void apply_all(std::vector<change> const& changes) {
        auto const                                                with_id = started_within(changes);
        std::unordered_map<session::delivery_no, change const*> waiting;      // for the identifier, with which the row is written
        for (auto const& each : changes) {
            if (each.kind == change::what::queued && with_id.contains(each.no)) {
                waiting[each.no] = &each;
            } else if (auto const at = waiting.find(each.no); at != waiting.end() && each.kind == change::what::started) {
                insert(*at->second, started, each.id);
                waiting.erase(at);
            } else {
                apply(each);
            }
        }
    }

    void apply(change const& c) {
        using enum change::what;
        auto const no = static_cast<std::int64_t>(c.no);
        switch (c.kind) {
        case change::what::queued: return insert(c, step::queued, 0);
        case change::what::started:
            ++rank_;
            start_.run(step::started, rank_, std::int64_t{c.id}, mark_of({no, step::started, rank_, c.id}), no);
            return;
        case change::what::released: return release(no);
        case finished: count_ -= static_cast<std::size_t>(finish_.run(no)); return;
        case received: receive_.run(std::int64_t{c.id}, mark_of({c.id})); return;
        case completed: complete_.run(std::int64_t{c.id}); return;
        case opened: open_session_.run(std::int64_t{c.expiry}, mark_of({std::int64_t{c.expiry}})); return;
        case cleared:
            count_ = 0;
            return sqlite::execute(handle(), "DELETE FROM outgoing; DELETE FROM incoming; DELETE FROM session WHERE name = 'expiry'");
        }
    }

    void insert(change const& c, std::int64_t at, packet_id id) {
        if (++count_ > most_) throw sqlite::failure{SQLITE_FULL, 0, "more than " + std::to_string(most_) + " messages"};
        auto const no = static_cast<std::int64_t>(c.no);
        byte_buffer record;                                        // a QoS 2 message that awaits PUBCOMP has none any more
        if (c.content) record = record_of(c);
        ++rank_;
        insert_.run(no, at, rank_, std::int64_t{id}, mark_of({no, at, rank_, id}), bytes_view(record));
    }

    void release(std::int64_t no) {
        id_of_.run_for(no, [&](std::int64_t id) {
            ++rank_;
            release_.run(step::released, rank_, mark_of({no, step::released, rank_, id}), no);
        });
    }

    void apply(session_store::subscription_change const& c) {
        auto const filter = to_bytes(c.what.filter);
        if (c.is_gone) {
            unsubscribe_.run(filter);
            return;
        }
        std::int64_t const options = c.what.options, identifier = c.what.identifier;
        subscribe_.run(filter, options, identifier, checksum{}.add(filter).add(options).add(identifier).value());
    }

    sqlite::database db_;
    std::int64_t     rank_ = 0;
    std::size_t      count_ = 0;
    std::size_t      most_;
    statement insert_{handle(), "INSERT INTO outgoing (no, step, rank, packet_id, mark, packet) VALUES (?1, ?2, ?3, ?4, ?5, ?6)"};
    statement start_{handle(), "UPDATE outgoing SET step = ?1, rank = ?2, packet_id = ?3, mark = ?4 WHERE no = ?5"};
    statement id_of_{handle(), "SELECT packet_id FROM outgoing WHERE no = ?1"};
    statement release_{handle(), "UPDATE outgoing SET step = ?1, rank = ?2, mark = ?3, packet = NULL WHERE no = ?4"};
    statement finish_{handle(), "DELETE FROM outgoing WHERE no = ?1"};
    statement receive_{handle(), "INSERT INTO incoming VALUES (?1, ?2)"};
    statement complete_{handle(), "DELETE FROM incoming WHERE packet_id = ?1"};
    statement open_session_{handle(), "INSERT INTO session VALUES ('expiry', ?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value, mark = excluded.mark"};
    statement put_name_{handle(), "INSERT INTO session VALUES ('client_id', ?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value, mark = excluded.mark"};
    statement subscribe_{handle(), "INSERT OR REPLACE INTO subscriptions VALUES (?1, ?2, ?3, ?4)"};
    statement unsubscribe_{handle(), "DELETE FROM subscriptions WHERE filter = ?1"};
};

// ---- The face, without exceptions -------------------------------------------------------------------------------------------

session_file::session_file(std::string path, sqlite_store_options const& options) : path_(std::move(path)), options_(options) {}
session_file::~session_file() = default;

template <class Work>
session_file::verdict session_file::guarded(Work work) {
    try {
        work();
        return {};
    } catch (sqlite::failure const& why) {
        auto const system = why.system != 0 ? std::string(", ") + std::strerror(why.system) : std::string();
        return {meaning_of(why), path_ + ": " + why.text + system};
    } catch (boost::system::system_error const& why) {
        return {why.code(), path_ + ": " + why.code().message()};
    } catch (std::bad_alloc const&) {
        return {error::store_failed, path_ + ": out of memory"};
    }
}

session_file::verdict session_file::load(session_store::contents& into) {
    into = {};
    auto said = guarded([&] {
        impl_ = std::make_unique<impl>(path_, options_);
        impl_->load(into);
    });
    if (said.ec) {
        into = {};
        impl_.reset();
    }
    return said;
}

session_file::verdict session_file::commit(session_store::batch const& what) {
    return guarded([&] { impl_->commit(what); });
}

} // namespace aldis
