// Tables and transactions of the broker's store. A payload that a batch queues for several sessions is a row of its own.
#include "broker_file.hpp"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "broker_rows.hpp"

namespace aldis {
namespace {

using namespace broker_rows;
using session::change;
using sqlite::damaged;
using sqlite::narrow;
using sqlite::statement;

// As in a client's file, `rank` is a delivery's place in the queue of its step. Its content is in `packet`, or in the row of `messages`
// that `message` names, and gone once PUBREC came. `left_at` and expiries are milliseconds of the wall clock.
constexpr sqlite::format file_format{
    0x414C4442,                                                    // "ALDB"
    1, R"(
    CREATE TABLE sessions (no INTEGER PRIMARY KEY, client_id BLOB NOT NULL UNIQUE, user_name BLOB, version INTEGER NOT NULL,
                           expiry INTEGER NOT NULL, left_at INTEGER, mark INTEGER NOT NULL);
    CREATE TABLE outgoing (key INTEGER PRIMARY KEY, step INTEGER NOT NULL, rank INTEGER NOT NULL, packet_id INTEGER NOT NULL, flags INTEGER NOT NULL,
                           message INTEGER, mark INTEGER NOT NULL, identifiers BLOB NOT NULL, packet BLOB);
    CREATE TABLE messages (id INTEGER PRIMARY KEY, packet BLOB NOT NULL);
    CREATE TABLE incoming (key INTEGER PRIMARY KEY, mark INTEGER NOT NULL);
    CREATE TABLE subscriptions (session INTEGER NOT NULL, filter BLOB NOT NULL, options INTEGER NOT NULL, identifier INTEGER NOT NULL,
                                mark INTEGER NOT NULL, PRIMARY KEY (session, filter)) WITHOUT ROWID;
    CREATE TABLE wills (session INTEGER PRIMARY KEY, delay INTEGER NOT NULL, expiry INTEGER, mark INTEGER NOT NULL, packet BLOB NOT NULL);
    CREATE TABLE retained (no INTEGER PRIMARY KEY, topic BLOB NOT NULL UNIQUE, packet BLOB NOT NULL);
)"};

enum step : std::int64_t { queued = 0, started = 1, released = 2 };

std::int64_t mark_of_delivery(std::int64_t key, std::int64_t at, std::int64_t rank, std::int64_t id, std::int64_t flags, bytes_view identifiers) {
    return checksum{}.add(key).add(at).add(rank).add(id).add(flags).add(identifiers).value();
}

/// Content that a batch queues more than once: the same block with the same expiry.
using content_key = std::pair<void const*, std::int64_t>;

content_key key_of(change const& c) {
    return {c.content.hold().get(), c.expires_at ? c.expires_at->time_since_epoch().count() : -1};
}

std::map<content_key, std::int64_t> shared_within(broker_store::batch const& what) {
    std::map<content_key, std::int64_t> all;                       // how often, then the row
    for (auto const& each : what)
        if (auto const* const c = std::get_if<broker_store::session_changed>(&each); c && c->what.kind == change::what::queued && c->what.content)
            ++all[key_of(c->what)];
    std::erase_if(all, [](auto const& each) { return each.second < 2; });
    for (auto& each : all) each.second = 0;
    return all;
}

/// Messages that get their identifier in the batch that queues them, by delivery: their row is written then, and once.
std::unordered_map<std::int64_t, change const*> started_within(broker_store::batch const& what) {
    std::unordered_map<std::int64_t, change const*> made, both;
    std::unordered_set<session_no>                  cleared;       // the same numbers may follow once more
    for (auto const& each : what) {
        if (auto const* const end = std::get_if<broker_store::session_ended>(&each)) cleared.insert(end->no);
        auto const* const one = std::get_if<broker_store::session_changed>(&each);
        if (!one) continue;
        auto const& c = one->what;
        if (c.kind == change::what::cleared) cleared.insert(one->no);
        if (c.kind == change::what::queued) made[delivery_key(one->no, c.no)] = &c;
        if (c.kind != change::what::started) continue;
        if (auto const at = made.find(delivery_key(one->no, c.no)); at != made.end()) both.insert(*at);
    }
    std::erase_if(both, [&](auto const& each) { return cleared.contains(static_cast<session_no>(each.first >> delivery_bits)); });
    return both;
}

} // namespace

// ---- The file -------------------------------------------------------------------------------------------------------------

class broker_file::impl {
public:
    impl(std::string const& path, sqlite_store_options const& options) : db_(sqlite::open_store(path, options.max_bytes(), file_format)), most_(options.max_messages()) {}

    void load(broker_store::contents& into) {
        count_again();
        statement sessions(handle(), "SELECT " + std::string(session_columns) + " FROM sessions ORDER BY no");
        while (sessions.next_row()) into.sessions.push_back({session_in(sessions)});
        for (auto& each : into.sessions) load_session(each);
        load_retained(into.retained);
    }

    void commit(broker_store::batch const& what) {
        if (is_stale_) count_again();
        is_stale_ = true;
        shared_ = shared_within(what);
        started_ = started_within(what);
        sqlite::transact(handle(), [&] {
            for (auto const& each : what) std::visit([this](auto const& one) { apply(one); }, each);
        });
        is_stale_ = false;
    }

private:
    sqlite3* handle() const noexcept { return db_.get(); }

    // ---- Reading ----------------------------------------------------------------------------------------------------------

    /// What is known beside the file, once more from the file.
    void count_again() {
        count_ = 0;
        last_message_ = rank_ = 0;
        of_message_.clear();
        uses_.clear();
        statement rows(handle(), "SELECT key, rank, message FROM outgoing");
        for (; rows.next_row(); ++count_) {
            rank_ = std::max(rank_, rows.integer(1));
            if (!rows.is_null(2)) refer(rows.integer(0), rows.integer(2));
        }
        statement last(handle(), "SELECT max(id) FROM messages");
        while (last.next_row()) last_message_ = last.integer(0);
        is_stale_ = false;
    }

    void load_session(broker_store::loaded_session& into) {
        auto const no = into.what.no;
        into.changes.push_back({.kind = change::what::opened, .expiry = into.what.expiry});
        load_outgoing(into);
        statement ids(handle(), "SELECT key, mark FROM incoming WHERE key BETWEEN ?1 AND ?2");
        ids.with(incoming_key(no, 0), incoming_key(no, 0xFFFF));
        while (ids.next_row()) {
            if (ids.integer(1) != mark_of({ids.integer(0)})) damaged("an identifier that is not what was stored");
            into.changes.push_back({.kind = change::what::received, .id = static_cast<packet_id>(ids.integer(0) & 0xFFFF)});
        }
        statement wanted(handle(), "SELECT " + std::string(subscription_columns) + " FROM subscriptions WHERE session = ?1");
        wanted.with(checked(no));
        while (wanted.next_row()) into.subscriptions.push_back(subscription_in(wanted, no));
        statement wills(handle(), "SELECT " + std::string(will_columns) + " FROM wills WHERE session = ?1");
        wills.with(checked(no));
        while (wills.next_row()) into.will = will_in(wills, no);
    }

    void load_outgoing(broker_store::loaded_session& into) {
        statement rows(handle(), "SELECT key, step, rank, packet_id, flags, mark, identifiers, message, coalesce(outgoing.packet, messages.packet) "
                                 "FROM outgoing LEFT JOIN messages ON messages.id = message WHERE key BETWEEN ?1 AND ?2 ORDER BY step DESC, rank");
        rows.with(first_delivery(into.what.no), last_delivery(into.what.no));
        while (rows.next_row()) {
            auto const key = rows.integer(0), at = rows.integer(1), flags = rows.integer(4);
            if (rows.integer(5) != mark_of_delivery(key, at, rows.integer(2), rows.integer(3), flags, rows.blob(6)) || at < queued || at > released)
                damaged("a delivery that is not what was stored");
            change c{.kind = change::what::queued, .no = static_cast<session::delivery_no>(key & (most_deliveries - 1)), .qos = qos_of(flags), .retain = (flags & 4) != 0};
            c.subscription_ids = identifiers_in(rows.blob(6));
            if (at != released) {
                auto stored = read_record(rows.is_null(7) ? key : rows.integer(7), rows.blob(8));
                c.content = std::move(stored.content);
                c.expires_at = stored.expires_at;
            }
            auto const no = c.no;
            into.changes.push_back(std::move(c));
            if (at >= started) into.changes.push_back({.kind = change::what::started, .no = no, .id = narrow<packet_id>(rows.integer(3))});
            if (at == released) into.changes.push_back({.kind = change::what::released, .no = no});
        }
    }

    void load_retained(std::vector<routing::retained_message>& into) {
        statement rows(handle(), "SELECT topic, packet FROM retained ORDER BY no");
        while (rows.next_row()) {
            auto read = read_record(0, rows.blob(1));
            if (rows.text(0) != read.content.topic()) damaged("a retained message of another topic");
            into.push_back({std::move(read.content), read.qos, read.expires_at});
        }
    }

    // ---- Writing ----------------------------------------------------------------------------------------------------------

    void apply(broker_store::session_is const& one) {
        std::optional<std::int64_t> left_at;
        if (one.what.left_at) left_at = to_wall_clock(*one.what.left_at);
        put_session_.run(checked(one.what.no), to_bytes(one.what.client_id), one.what.user_name, static_cast<std::int64_t>(one.what.version),
                         std::int64_t{one.what.expiry}, left_at, mark_of_session(one.what, left_at));
    }

    void apply(broker_store::session_ended const& one) {
        clear(one.no);
        end_session_.run(checked(one.no));
        end_subscriptions_.run(checked(one.no));
        drop_will_.run(checked(one.no));
    }

    void apply(broker_store::session_changed const& one) {
        using enum change::what;
        auto const& c = one.what;
        switch (c.kind) {
        case change::what::queued:
            if (!started_.contains(delivery_key(one.no, c.no))) insert(one.no, c, 0);
            return;
        case change::what::started: return start(one.no, c);
        case change::what::released: return move(delivery_key(one.no, c.no), step::released, 0);
        case finished: return finish(delivery_key(one.no, c.no));
        case received: receive_.run(incoming_key(one.no, c.id), mark_of({incoming_key(one.no, c.id)})); return;
        case completed: complete_.run(incoming_key(one.no, c.id)); return;
        case opened: return;                                       // session_is tells it
        case cleared: return clear(one.no);
        }
    }

    void apply(broker_store::subscribed const& one) {
        subscribe_.run(checked(one.no), to_bytes(one.what.filter), std::int64_t{one.what.options}, std::int64_t{one.what.identifier}, mark_of_subscription(one.what, one.no));
    }

    void apply(broker_store::unsubscribed const& one) { unsubscribe_.run(checked(one.no), to_bytes(one.filter)); }

    void apply(broker_store::will_is const& one) {
        auto const no = checked(one.no);
        if (!one.what) {
            drop_will_.run(no);
            return;
        }
        auto const&                 will = *one.what;
        auto const                  packet = record_of(no, {will.message, will.qos, will.retain, {}});
        std::optional<std::int64_t> expiry;
        if (will.expiry) expiry = will.expiry->count();
        std::int64_t const delay = will.delay.count();
        put_will_.run(no, delay, expiry, mark_of({no, delay, expiry.value_or(-1)}), bytes_view(packet));
    }

    void apply(broker_store::retained_is const& one) {
        auto const topic = to_bytes(one.what.message.topic());
        if (one.what.message.payload().empty()) {
            drop_retained_.run(topic);
            return;
        }
        auto const packet = record_of(0, {one.what.message, one.what.qos, true, one.what.expires_at});
        put_retained_.run(topic, bytes_view(packet));
    }

    // ---- Deliveries -------------------------------------------------------------------------------------------------------

    void start(session_no no, change const& c) {
        auto const key = delivery_key(no, c.no);
        auto const made = started_.find(key);
        if (made == started_.end()) return move(key, step::started, c.id);
        insert(no, *made->second, c.id);
    }

    /// With an identifier as started.
    void insert(session_no no, change const& c, std::int64_t id) {
        if (++count_ > most_) throw sqlite::failure{SQLITE_FULL, 0, "more than " + std::to_string(most_) + " messages"};
        auto const                  key = delivery_key(no, c.no);
        auto const                  identifiers = packed(c.subscription_ids);
        auto const                  flags = flags_of(c.qos, c.retain);
        std::optional<std::int64_t> message;
        std::int64_t const          at_step = id == 0 ? step::queued : step::started;
        ++rank_;
        auto const mark = mark_of_delivery(key, at_step, rank_, id, flags, identifiers);
        if (auto const at = shared_.find(key_of(c)); c.content && at != shared_.end()) {
            message = row_of(*at, c);
            refer(key, *message);
            insert_.run(key, at_step, rank_, id, flags, message, mark, bytes_view(identifiers), std::optional<std::int64_t>{});
            return;
        }
        byte_buffer packet;                                        // a QoS 2 message that awaits PUBCOMP has none any more
        if (c.content) packet = record_of(key, {c.content, c.qos, c.retain, c.expires_at});
        insert_.run(key, at_step, rank_, id, flags, message, mark, bytes_view(identifiers), bytes_view(packet));
    }

    /// The row of content that several share, written with the first.
    std::int64_t row_of(std::pair<content_key const, std::int64_t>& shared, change const& c) {
        if (shared.second != 0 && uses_.contains(shared.second)) return shared.second;
        shared.second = ++last_message_;
        put_message_.run(shared.second, bytes_view(record_of(shared.second, {c.content, c.qos, c.retain, c.expires_at})));
        return shared.second;
    }

    void move(std::int64_t key, step to, packet_id id) {
        facts_.with(key);
        std::int64_t flags = 0, old_id = 0;
        byte_buffer  identifiers;
        bool         is_there = false;
        while (facts_.next_row()) {
            is_there = true;
            old_id = facts_.integer(0);
            flags = facts_.integer(1);
            auto const stored = facts_.blob(2);
            identifiers.assign(stored.begin(), stored.end());
        }
        if (!is_there) return;
        std::int64_t const new_id = to == step::started ? id : old_id;
        ++rank_;
        auto const mark = mark_of_delivery(key, to, rank_, new_id, flags, identifiers);
        (to == step::started ? start_ : release_).run(key, std::int64_t{to}, rank_, new_id, mark);
        if (to == step::released) let_go(key);
    }

    void finish(std::int64_t key) {
        count_ -= static_cast<std::size_t>(finish_.run(key));
        let_go(key);
    }

    void clear(session_no no) {
        for (auto at = of_message_.lower_bound(first_delivery(no)); at != of_message_.end() && at->first <= last_delivery(no);) let_go((at++)->first);
        count_ -= static_cast<std::size_t>(clear_outgoing_.run(first_delivery(no), last_delivery(no)));
        clear_incoming_.run(incoming_key(no, 0), incoming_key(no, 0xFFFF));
    }

    void refer(std::int64_t key, std::int64_t message) {
        of_message_[key] = message;
        ++uses_[message];
    }

    void let_go(std::int64_t key) {
        auto const at = of_message_.find(key);
        if (at == of_message_.end()) return;
        auto const message = uses_.find(at->second);
        if (--message->second == 0) {
            drop_message_.run(message->first);
            uses_.erase(message);
        }
        of_message_.erase(at);
    }

    sqlite::database                                db_;
    std::size_t                                     most_;
    std::size_t                                     count_ = 0;
    std::int64_t                                    rank_ = 0, last_message_ = 0;
    bool                                            is_stale_ = false;         // the four are not what the file says: a batch failed
    std::map<std::int64_t, std::int64_t>            of_message_{};             // deliveries of shared content
    std::unordered_map<std::int64_t, std::uint32_t> uses_{};
    std::map<content_key, std::int64_t>             shared_{};                 // of the batch, as the next
    std::unordered_map<std::int64_t, change const*> started_{};

    statement put_session_{handle(), "INSERT INTO sessions VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (no) DO UPDATE SET user_name = excluded.user_name, "
                                     "version = excluded.version, expiry = excluded.expiry, left_at = excluded.left_at, mark = excluded.mark"};
    statement end_session_{handle(), "DELETE FROM sessions WHERE no = ?1"};
    statement insert_{handle(), "INSERT INTO outgoing (key, step, rank, packet_id, flags, message, mark, identifiers, packet) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"};
    statement facts_{handle(), "SELECT packet_id, flags, identifiers FROM outgoing WHERE key = ?1"};
    statement start_{handle(), "UPDATE outgoing SET step = ?2, rank = ?3, packet_id = ?4, mark = ?5 WHERE key = ?1"};
    statement release_{handle(), "UPDATE outgoing SET step = ?2, rank = ?3, packet_id = ?4, mark = ?5, packet = NULL, message = NULL WHERE key = ?1"};
    statement finish_{handle(), "DELETE FROM outgoing WHERE key = ?1"};
    statement clear_outgoing_{handle(), "DELETE FROM outgoing WHERE key BETWEEN ?1 AND ?2"};
    statement put_message_{handle(), "INSERT INTO messages VALUES (?1, ?2)"};
    statement drop_message_{handle(), "DELETE FROM messages WHERE id = ?1"};
    statement receive_{handle(), "INSERT INTO incoming VALUES (?1, ?2)"};
    statement complete_{handle(), "DELETE FROM incoming WHERE key = ?1"};
    statement clear_incoming_{handle(), "DELETE FROM incoming WHERE key BETWEEN ?1 AND ?2"};
    statement subscribe_{handle(), "INSERT OR REPLACE INTO subscriptions VALUES (?1, ?2, ?3, ?4, ?5)"};
    statement unsubscribe_{handle(), "DELETE FROM subscriptions WHERE session = ?1 AND filter = ?2"};
    statement end_subscriptions_{handle(), "DELETE FROM subscriptions WHERE session = ?1"};
    statement put_will_{handle(), "INSERT OR REPLACE INTO wills VALUES (?1, ?2, ?3, ?4, ?5)"};
    statement drop_will_{handle(), "DELETE FROM wills WHERE session = ?1"};
    statement put_retained_{handle(), "INSERT INTO retained (topic, packet) VALUES (?1, ?2) ON CONFLICT (topic) DO UPDATE SET packet = excluded.packet"};
    statement drop_retained_{handle(), "DELETE FROM retained WHERE topic = ?1"};
};

// ---- The face, without exceptions -------------------------------------------------------------------------------------------

broker_file::broker_file(std::string path, sqlite_store_options const& options) : path_(std::move(path)), options_(options) {}
broker_file::~broker_file() = default;

sqlite::verdict broker_file::load(contents& into) {
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

sqlite::verdict broker_file::commit(batch const& what) {
    return sqlite::guarded(path_, [&] { impl_->commit(what); });
}

} // namespace aldis
