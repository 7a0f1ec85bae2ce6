// DNS SRV through c-ares, whose sockets are watched by Asio.
#include "srv_lookup.hpp"

#include <netinet/in.h>
#include <sys/time.h>

#include <map>
#include <random>

#define CARES_NO_DEPRECATED                                        // newer releases have other names for the same
#include <ares.h>

#include <boost/asio/error.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "uri_text.hpp"

namespace aldis::transport {
namespace {

using asio::posix::stream_descriptor;

constexpr int         class_internet = 1;
constexpr int         type_srv = 33;
constexpr std::size_t max_records = 32;                            // a domain that names more names enough
constexpr int         try_for_ms = 2000;                           // before the next name server is asked
constexpr int         tries = 2;

// c-ares is to be made ready once in a process; that is thread-safe from here on.
int library_status() {
    static int const status = ares_library_init(ARES_LIB_INIT_ALL);
    return status;
}

std::string comma_separated(std::vector<std::string> const& list) {
    std::string out;
    for (auto const& each : list) out += (out.empty() ? "" : ",") + each;
    return out;
}

srv_lookup::answer read_records(unsigned char const* reply, int size) {
    srv_lookup::answer found;
    ares_srv_reply*    first = nullptr;
    if (ares_parse_srv_reply(reply, size, &first) != ARES_SUCCESS) return found;
    // What the resolver and logs are given is a host name, whatever a name server said.
    for (auto const* each = first; each && found.size() < max_records; each = each->next)
        if (each->port != 0 && is_host_name(each->host)) found.push_back({each->host, each->port, each->priority, each->weight});
    ares_free_data(first);
    return found;
}

error_code meaning_of(int status) {
    switch (status) {
    case ARES_ENODATA:
    case ARES_ENOTFOUND: return errc::no_service;
    default: return errc::lookup_failed;
    }
}

} // namespace

// c-ares calls back from inside its own functions, where it may not be destroyed: the answer is posted, and the channel goes with the query.
struct srv_lookup::query : std::enable_shared_from_this<query> {
    explicit query(asio::any_io_executor const& on) : ex(on), timer(on) {}
    query(query const&) = delete;
    query& operator=(query const&) = delete;

    ~query() {
        done = nullptr;
        if (is_open) ares_destroy(channel);
    }

    error_code open(std::vector<std::string> const& name_servers) {
        if (library_status() != ARES_SUCCESS) return errc::lookup_failed;
        ares_options how{};
        how.timeout = try_for_ms;
        how.tries = tries;
        how.sock_state_cb = [](void* self, ares_socket_t socket, int readable, int writable) {
            static_cast<query*>(self)->watch(socket, readable != 0, writable != 0);
        };
        how.sock_state_cb_data = this;
        if (ares_init_options(&channel, &how, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB) != ARES_SUCCESS)
            return errc::lookup_failed;
        is_open = true;
        bool const is_given = !name_servers.empty();
        if (is_given && ares_set_servers_ports_csv(channel, comma_separated(name_servers).c_str()) != ARES_SUCCESS)
            return asio::error::invalid_argument;
        return {};
    }

    void ask(std::string const& name) {
        auto const on_reply = [](void* self, int status, int, unsigned char* reply, int size) {
            static_cast<query*>(self)->replied(status, reply, size);
        };
        ares_query(channel, name.c_str(), class_internet, type_srv, on_reply, this);
        arm_timer();
    }

    void replied(int status, unsigned char const* reply, int size) {
        if (status != ARES_SUCCESS) return finish(meaning_of(status), {});
        auto records = read_records(reply, size);
        if (records.empty()) return finish(errc::no_service, {});   // a lone "." says so too (RFC 2782, "Target")
        std::minstd_rand random(std::random_device{}());
        order_by_priority(records, [&random](std::uint32_t most) { return std::uniform_int_distribution<std::uint32_t>(0, most)(random); });
        finish({}, std::move(records));
    }

    void finish(error_code ec, answer found) {
        asio::post(ex, [weak = weak_from_this(), ec, held = std::move(found)]() mutable {
            auto const self = weak.lock();
            if (!self) return;
            self->timer.cancel();
            if (auto const call = std::exchange(self->done, nullptr)) call(ec, std::move(held));
        });
    }

    // c-ares tells what it wants to know of a socket; neither: it is about to close it.
    void watch(ares_socket_t socket, bool readable, bool writable) {
        auto found = sockets.find(socket);
        if (!readable && !writable) {
            if (found == sockets.end()) return;
            found->second.release();                               // its owner closes it
            sockets.erase(found);
            return;
        }
        if (found == sockets.end()) {
            found = sockets.try_emplace(socket, ex, socket).first;
            wait(socket, stream_descriptor::wait_read);
        }
        if (writable) wait(socket, stream_descriptor::wait_write);
    }

    void wait(ares_socket_t socket, stream_descriptor::wait_type what) {
        sockets.at(socket).async_wait(what, [weak = weak_from_this(), socket, what](error_code ec) {
            auto const self = weak.lock();
            if (!self || ec == asio::error::operation_aborted || !self->sockets.contains(socket)) return;
            bool const reads = what == stream_descriptor::wait_read;
            ares_process_fd(self->channel, reads ? socket : ARES_SOCKET_BAD, reads ? ARES_SOCKET_BAD : socket);
            if (reads && self->sockets.contains(socket)) self->wait(socket, what);
            self->arm_timer();
        });
    }

    void arm_timer() {
        timeval     left{};
        auto* const next = ares_timeout(channel, nullptr, &left);
        if (!next || !done) return;
        timer.expires_after(std::chrono::seconds(next->tv_sec) + std::chrono::microseconds(next->tv_usec) + std::chrono::milliseconds(1));
        timer.async_wait([weak = weak_from_this()](error_code ec) {
            auto const self = weak.lock();
            if (!self || ec) return;
            ares_process_fd(self->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
            self->arm_timer();
        });
    }

    asio::any_io_executor                      ex;
    asio::steady_timer                         timer;
    std::map<ares_socket_t, stream_descriptor> sockets;
    ares_channel                               channel{};
    answer_handler                             done;
    bool                                       is_open = false;
};

srv_lookup::srv_lookup(asio::any_io_executor const& ex) : query_(std::make_shared<query>(ex)) {}
srv_lookup::~srv_lookup() = default;

void srv_lookup::start(std::string const& name, std::vector<std::string> const& name_servers, answer_handler done) {
    query_->done = std::move(done);
    if (auto const ec = query_->open(name_servers)) return query_->finish(ec, {});
    query_->ask(name);
}

} // namespace aldis::transport
