// Tables, rows and transactions of the durable store, in SQLite's terms.
#include "session_file.hpp"

#include <algorithm>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "checksum.hpp"
#include "record.hpp"

namespace aldis {
namespace {

using session::change;
using sqlite::damaged;
using sqlite::narrow;
using sqlite::statement;

// A message's place in its queue is `rank`: it gets a new one with each step, and each step has a queue of its own. `packet` is gone once
// the peer has said PUBREC. Each row's `mark` is the checksum of its numbers; texts and packets carry their own.
constexpr sqlite::format file_format{
    0x414C4453,                                                    // "ALDS"
    1, R"(
    CREATE TABLE session (name TEXT PRIMARY KEY, value, mark INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE outgoing (no INTEGER PRIMARY KEY, step INTEGER NOT NULL, rank INTEGER NOT NULL, packet_id INTEGER NOT NULL,
                           mark INTEGER NOT NULL, packet BLOB);
    CREATE TABLE incoming (packet_id INTEGER PRIMARY KEY, mark INTEGER NOT NULL);
    CREATE TABLE subscriptions (filter BLOB PRIMARY KEY, options INTEGER NOT NULL, identifier INTEGER NOT NULL, mark INTEGER NOT NULL) WITHOUT ROWID;
)"};

enum step : std::int64_t { queued = 0, started = 1, released = 2 };

byte_buffer packed(change const& c) {
    return record_of(static_cast<std::int64_t>(c.no), stored_message{c.content, c.qos, c.retain, c.expires_at});
}

void unpack(bytes_view stored, change& into) {
    auto read = read_record(static_cast<std::int64_t>(into.no), stored);
    if (read.qos == qos_level::at_most_once) damaged("a message that would not have been kept");
    into.content = std::move(read.content);
    into.qos = read.qos;
    into.retain = read.retain;
    into.expires_at = read.expires_at;
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

} // namespace

// ---- The file -------------------------------------------------------------------------------------------------------------

class session_file::impl {
public:
    impl(std::string const& path, sqlite_store_options const& options) : db_(sqlite::open_store(path, options.max_bytes(), file_format)), most_(options.max_messages()) {}

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
        try {
            sqlite::transact(handle(), [&] {
                apply_all(what.changes);
                for (auto const& each : what.subscriptions) apply(each);
                if (what.client_id) put_name_.run(std::string_view(*what.client_id), checksum{}.add(to_bytes(*what.client_id)).value());
            });
        } catch (...) {
            std::tie(rank_, count_) = before;
            throw;
        }
    }

private:
    sqlite3* handle() const noexcept { return db_.get(); }

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
            if (at != released) unpack(rows.blob(5), c);
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
        if (c.content) record = packed(c);
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

session_file::verdict session_file::load(contents& into) {
    into = {};
    auto said = sqlite::guarded(path_, [&] {
        impl_ = std::make_unique<impl>(path_, options_);
        impl_->load(into);
    });
    if (said.ec) {
        into = {};
        impl_.reset();
    }
    return said;
}

session_file::verdict session_file::commit(batch const& what) {
    return sqlite::guarded(path_, [&] { impl_->commit(what); });
}

} // namespace aldis
