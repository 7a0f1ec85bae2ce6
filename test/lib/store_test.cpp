// The stores themselves: what is committed is what is loaded, and what can not be is said.
#include <atomic>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <random>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <aldis/connection.hpp>
#include <aldis/session_store.hpp>
#include <support/catch.hpp>

#include "folder.hpp"
#include "stored.hpp"

using namespace aldis;
using namespace aldis::test;
using change = session::change;

namespace {

constexpr auto qos_1 = qos_level::at_least_once;
constexpr auto qos_2 = qos_level::exactly_once;

error_code commit(session_store& store, std::vector<change> changes) { return test::commit(store, session_store::batch{.changes = std::move(changes)}); }

std::shared_ptr<session_store> opened_store(std::string const& path, session_store::contents& found) {
    auto store = make_sqlite_store(path);
    REQUIRE_FALSE(store->load(found));
    return store;
}

std::vector<change> a_bit_of_everything() {
    return {opened(3600), queued(1, qos_1, "one"), started(1, 11), queued(2, qos_2, "two"), started(2, 12), queued(3, qos_2, "three"), started(3, 13),
            by_no(what::released, 3), queued(4, qos_1, std::string(5000, 'x')), queued(5, qos_1, "five"), by_id(what::received, 7), by_id(what::received, 9)};
}

} // namespace

TEST_CASE("a store brings back every kind of change, committed at once or one by one", "[lib][store]") {
    scratch_folder folder;
    bool const     in_memory = GENERATE(false, true);
    bool const     one_by_one = GENERATE(false, true);
    auto           all = a_bit_of_everything();
    for (auto const& more : {by_no(what::finished, 1), by_no(what::released, 2), started(4, 11), by_id(what::completed, 7), opened(60), queued(6, qos_2, "six")}) all.push_back(more);
    auto const store = in_memory ? make_memory_store() : make_sqlite_store(folder.file("s.db"));
    session_store::contents found;
    REQUIRE_FALSE(store->load(found));
    CHECK(found.changes.empty());
    CHECK(store->load(found) == error::store_in_use);

    if (one_by_one) for (auto const& each : all) CHECK_FALSE(commit(*store, {each}));
    else CHECK_FALSE(commit(*store, all));
    store->close();
    REQUIRE_FALSE(store->load(found));

    CHECK(replayed(found.changes) == replayed(all));
    CHECK_FALSE(commit(*store, {by_no(what::finished, 4), change{.kind = what::cleared}, opened(9), queued(5, qos_1, "again")}));
    store->close();
    REQUIRE_FALSE(store->load(found));
    CHECK(words(found.changes) == words({opened(9), queued(5, qos_1, "again")}));
}

TEST_CASE("a store brings back identifier, subscriptions, properties, retain and expiry", "[lib][store]") {
    scratch_folder folder;
    bool const     in_memory = GENERATE(false, true);
    auto const     store = in_memory ? make_memory_store() : make_sqlite_store(folder.file("s.db"));
    session_store::contents found;
    REQUIRE_FALSE(store->load(found));
    property_list props;
    props.add<property_id::user_property>({"k", "v"});
    auto kept = queued(1, qos_1, "");
    kept.content = *session::message::make("a", props.view(), {});
    kept.retain = true;
    kept.expires_at = connection::now() + std::chrono::hours{1};
    CHECK_FALSE(commit(*store, {.changes = {kept}, .client_id = "given", .subscriptions = {{{"a/#", 0x2E, 7}}, {{"b", 1, 0}}, {{"c", 1, 0}}}}));
    CHECK_FALSE(commit(*store, {.changes = {}, .client_id = std::nullopt, .subscriptions = {{{"b", 2, 0}}, {{"c", 0, 0}, true}}}));
    store->close();
    REQUIRE_FALSE(store->load(found));

    CHECK(found.client_id == "given");
    CHECK(found.subscriptions == std::vector<kept_subscription>{{"a/#", 0x2E, 7}, {"b", 2, 0}});
    REQUIRE(found.changes.size() == 1);
    auto const& back = found.changes[0];
    CHECK(back.retain);
    CHECK(back.content.props() == props.view());
    CHECK(*back.expires_at <= *kept.expires_at + std::chrono::seconds{1});
    CHECK(*back.expires_at >= *kept.expires_at - std::chrono::seconds{60});
}

TEST_CASE("what is in the file after a kill is what was committed", "[lib][store]") {
    scratch_folder folder;
    auto const     path = folder.file("s.db");
    auto const     child = fork();
    if (child == 0) {                                              // commits, and is gone without closing anything
        session_store::contents none;
        auto const store = make_sqlite_store(path);
        if (store->load(none)) _exit(1);
        for (auto const& each : a_bit_of_everything())
            if (commit(*store, {each})) _exit(2);
        kill(getpid(), SIGKILL);
    }
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    REQUIRE(WIFSIGNALED(status));
    session_store::contents found;
    auto const store = opened_store(path, found);
    CHECK(replayed(found.changes) == replayed(a_bit_of_everything()));
}

TEST_CASE("a batch that is being committed when the store is closed is committed", "[lib][store]") {
    scratch_folder folder;
    session_store::contents found;
    std::atomic<int> done = 0;
    for (int round = 0; round < 20; ++round) {
        auto const store = opened_store(folder.file("s.db"), found);
        CHECK(found.changes.size() == static_cast<std::size_t>(round));
        auto batch = std::make_shared<session_store::batch>();
        batch->changes.push_back(queued(static_cast<session::delivery_no>(round + 1), qos_1, "x"));
        store->commit(batch, [&](error_code ec) { done += ec ? 0 : 1; });
        store->close();
    }
    CHECK(done == 20);
}

TEST_CASE("the file is for its owner's eyes only, and for one client at a time", "[lib][store]") {
    scratch_folder          folder;
    session_store::contents found;
    auto const              first = opened_store(folder.file("s.db"), found);
    struct stat             facts{};
    REQUIRE(stat(folder.file("s.db").c_str(), &facts) == 0);
    CHECK((facts.st_mode & 0777) == 0600);

    auto const second = make_sqlite_store(folder.file("s.db"));
    CHECK(second->load(found) == error::store_in_use);
    CHECK(second->failure().find("s.db: ") != std::string::npos);
    auto const child = fork();
    if (child == 0) {                                              // the attempt above has not given the lock of this process up
        struct flock lock{F_WRLCK, SEEK_SET, 0, 0, 0};
        int const    fd = open(folder.file("s.db").c_str(), O_RDWR | O_CLOEXEC);
        _exit(fd >= 0 && fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK ? 0 : 1);
    }
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(status == 0);
    first->close();
    CHECK_FALSE(second->load(found));
}

TEST_CASE("what is no store of ours is said to be none, and left as it is", "[lib][store]") {
    scratch_folder          folder;
    session_store::contents found;
    auto const load = [&](std::string const& path) {
        auto const store = make_sqlite_store(path);
        auto const ec = store->load(found);
        CHECK(store->failure().find(path) == 0);
        return ec;
    };
    std::ofstream(folder.file("text")) << std::string(5000, 'x');
    CHECK(load(folder.file("text")) == error::store_corrupt);
    CHECK(std::filesystem::file_size(folder.file("text")) == 5000);
    CHECK(load(folder.file("none/s.db")).message() == "No such file or directory");
    CHECK(load(folder.path.string()) == error::store_failed);

    { auto const store = opened_store(folder.file("s.db"), found); }
    auto bytes = read_file(folder.file("s.db"));
    bytes[63] = 9;                                                 // user_version
    write_file(folder.file("s.db"), bytes);
    CHECK(load(folder.file("s.db")) == error::store_version);
    bytes[71] = 9;                                                 // application_id
    write_file(folder.file("s.db"), bytes);
    CHECK(load(folder.file("s.db")) == error::store_corrupt);
}

TEST_CASE("a damaged file is an error or does not matter, wherever the damage is", "[lib][store]") {
    scratch_folder          folder;
    session_store::contents found;
    {
        auto const store = opened_store(folder.file("s.db"), found);
        REQUIRE_FALSE(commit(*store, {.changes = a_bit_of_everything(), .client_id = "given", .subscriptions = {{{"a/#", 1, 7}}}}));
    }
    auto const whole = read_file(folder.file("s.db"));
    auto const expected = replayed(a_bit_of_everything());
    std::mt19937 random(7);
    int refused = 0;
    for (std::size_t at = 0; at < whole.size(); at += 1 + random() % 200) {
        auto bytes = whole;
        bytes[at] = static_cast<char>(static_cast<unsigned char>(bytes[at]) ^ (1U + random() % 255U));
        write_file(folder.file("d.db"), bytes);
        std::filesystem::remove(folder.file("d.db-wal"));
        auto const store = make_sqlite_store(folder.file("d.db"));
        auto const ec = store->load(found);
        INFO("byte " << at << ": " << ec.message() << ", " << store->failure());
        if (ec) {
            CHECK(found.changes.empty());
            ++refused;
        } else {
            CHECK(replayed(found.changes) == expected);
            CHECK(found.client_id == "given");
            CHECK(found.subscriptions.size() == 1);
        }
    }
    CHECK(refused > 20);
    for (auto const size : {std::size_t{1}, std::size_t{100}, std::size_t{4096}, whole.size() - 4096, whole.size() - 1}) {
        write_file(folder.file("d.db"), whole.substr(0, size));
        std::filesystem::remove(folder.file("d.db-wal"));
        auto const store = make_sqlite_store(folder.file("d.db"));
        INFO("cut to " << size);
        CHECK(store->load(found));
    }
}

TEST_CASE("a full store refuses the batch as a whole, keeps what it had, and goes on when there is room", "[lib][store]") {
    scratch_folder          folder;
    session_store::contents found;
    bool const              by_count = GENERATE(false, true);
    sqlite_store_options    bound;
    if (by_count) bound.max_messages(10);
    else bound.max_bytes(200'000);
    auto const store = make_sqlite_store(folder.file("s.db"), bound);
    REQUIRE_FALSE(store->load(found));
    session::delivery_no no = 0;
    error_code           ec;
    while (!ec && no < 1000) ec = commit(*store, {queued(no + 1, qos_1, std::string(3000, 'x')), queued(no + 2, qos_1, "y")}), no += 2;
    CHECK(ec == error::store_full);
    CHECK_FALSE(store->failure().empty());
    no -= 2;
    CHECK(no == (by_count ? 10 : no));
    CHECK(no > 2);

    CHECK_FALSE(commit(*store, {by_no(what::finished, 1), by_no(what::finished, 2)}));
    CHECK_FALSE(commit(*store, {queued(no + 1, qos_1, std::string(3000, 'x')), queued(no + 2, qos_1, "y")}));
    store->close();
    REQUIRE_FALSE(store->load(found));
    CHECK(found.changes.size() == no);
    CHECK(std::filesystem::file_size(folder.file("s.db")) <= 200'000 + 4096);
}

TEST_CASE("a disk that is full is told from a store that is damaged", "[lib][store]") {
    scratch_folder folder;
    auto const     child = fork();
    if (child == 0) {                                              // a limit on the size of files stands for the disk
        signal(SIGXFSZ, SIG_IGN);
        session_store::contents found;
        auto const store = make_sqlite_store(folder.file("s.db"));
        if (store->load(found)) _exit(1);
        rlimit const small{150'000, RLIM_INFINITY};
        setrlimit(RLIMIT_FSIZE, &small);
        session::delivery_no no = 1;
        error_code           ec;
        while (!ec && no < 1000) ec = commit(*store, {queued(no++, qos_1, std::string(3000, 'x'))});
        if (ec != error::store_full || store->failure().empty()) _exit(2);
        rlimit const large{RLIM_INFINITY, RLIM_INFINITY};
        setrlimit(RLIMIT_FSIZE, &large);
        if (commit(*store, {queued(no, qos_1, "room")})) _exit(3);
        store->close();
        if (store->load(found) || found.changes.size() != no - 1) _exit(4);
        _exit(0);
    }
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(WEXITSTATUS(status) == 0);
    CHECK(WIFEXITED(status));
}
