// Pages over HTTP: a request's head is read, answered, and the connection closed.
#include <aldis/transport/http_pages.hpp>

#include <algorithm>
#include <list>
#include <span>

#include <boost/asio/buffer.hpp>
#include <boost/asio/steady_timer.hpp>

#include <aldis/transport/listener.hpp>

#include "http_head.hpp"

namespace aldis::transport {
namespace {

constexpr std::size_t max_drained = 65'536;
constexpr std::size_t read_size = 1024;

http_page plain(int status, std::string text) { return http_page(std::move(text) + '\n', status); }

} // namespace

struct http_pages::state : std::enable_shared_from_this<state> {
    class visit;
    using visits = std::list<std::shared_ptr<visit>>;

    state(asio::any_io_executor const& ex, page_function how, http_pages_options with) : find(std::move(how)), options(with), doors(ex) {}

    void accept_next();
    void close() noexcept;

    page_function      find;
    http_pages_options options;
    listener           doors;
    visits             open_now{};
};

/// One connection, kept alive by what it waits for.
class http_pages::state::visit : public std::enable_shared_from_this<visit> {
public:
    visit(state& of, std::unique_ptr<stream> over) : of_(of.weak_from_this()), options_(of.options), stream_(std::move(over)), deadline_(stream_->get_executor()) {}

    void start() {
        deadline_.expires_after(options_.timeout());
        deadline_.async_wait([self = weak_from_this()](error_code ec) {
            auto const here = self.lock();
            if (!ec && here) here->end();
        });
        read();
    }

    void end() noexcept {
        if (std::exchange(is_over_, true)) return;
        deadline_.cancel();
        stream_->close();
        if (auto const of = of_.lock()) std::erase_if(of->open_now, [this](auto const& each) { return each.get() == this; });
    }

private:
    void read() {
        auto const seen = text_.size();
        text_.resize(std::min(seen + read_size, options_.max_request() + 1));
        stream_->async_read_some(asio::buffer(text_.data() + seen, text_.size() - seen), [self = shared_from_this(), seen](error_code ec, std::size_t size) {
            if (self->is_over_) return;
            if (ec) return self->end();
            self->text_.resize(seen + size);
            self->on_text(seen);
        });
    }

    void on_text(std::size_t seen) {
        auto const size = find_head_end(text_, seen);
        if (size > options_.max_request() || (size == 0 && text_.size() > options_.max_request())) return answer(plain(431, "The request is too large."));
        if (size == 0) return read();
        answer_head(std::string_view(text_).substr(0, size));
    }

    void answer_head(std::string_view text) {
        auto const head = parse_http_head(text);
        auto const line = head ? parse_request_line(head->first_line) : std::nullopt;
        if (!line) return answer(plain(400, "This is no HTTP request."));
        if (head->count("Host") > 1 || (head->count("Host") == 0 && line->version != "HTTP/1.0")) return answer(plain(400, "The request needs one Host."));
        if (head->count("Transfer-Encoding") > 0 || (head->count("Content-Length") > 0 && head->value("Content-Length") != "0"))
            return answer(plain(400, "The request may not have a body."));
        has_body_ = line->method != "HEAD";
        if (has_body_ && line->method != "GET") return answer(plain(405, "Only GET and HEAD are understood here."), "Allow: GET, HEAD\r\n");
        auto const path = path_of_target(line->target);
        if (!path.starts_with('/')) return answer(plain(400, "This is no HTTP request."));
        auto const page = ask(path);
        if (!is_over_) answer(page ? *page : plain(404, "There is nothing at this path."));
    }

    std::optional<http_page> ask(std::string_view path) const {
        auto const of = of_.lock();                                // it may go while it is asked
        try {
            return of ? of->find(path) : std::nullopt;
        } catch (...) {
            return plain(500, "The page could not be made.");
        }
    }

    void answer(http_page const& page, std::string_view fields = {}) {
        auto const& body = page.body();
        text_ = http_response_head(page.status(), page.content_type(), body.size(), std::string(fields) + "Cache-Control: no-store\r\n");
        if (has_body_) text_ += body;
        write(0);
    }

    void write(std::size_t done) {
        piece_ = asio::const_buffer(text_.data() + done, text_.size() - done);
        stream_->async_write_some(std::span(&piece_, 1), [self = shared_from_this(), done](error_code ec, std::size_t size) {
            if (self->is_over_) return;
            if (ec) return self->end();
            if (done + size < self->text_.size()) return self->write(done + size);
            self->leave();
        });
    }

    // Closing while the rest of a request comes in is a reset, which may overtake the answer.
    void leave() {
        stream_->async_shutdown([self = shared_from_this()](error_code ec) {
            if (self->is_over_) return;
            if (ec) return self->end();
            self->text_.resize(read_size);
            self->drain(0);
        });
    }

    void drain(std::size_t seen) {
        stream_->async_read_some(asio::buffer(text_), [self = shared_from_this(), seen](error_code ec, std::size_t size) {
            if (self->is_over_) return;
            if (ec || seen + size > max_drained) return self->end();
            self->drain(seen + size);
        });
    }

    std::weak_ptr<state>    of_;
    http_pages_options      options_;
    std::unique_ptr<stream> stream_;
    asio::steady_timer      deadline_;
    std::string             text_{};                               // of the request, then of the answer
    asio::const_buffer      piece_{};
    bool                    has_body_ = true;
    bool                    is_over_ = false;
};

void http_pages::state::accept_next() {
    doors.async_accept([waiting = weak_from_this()](error_code ec, std::unique_ptr<stream> came) {
        auto const self = waiting.lock();
        if (!self || ec || !self->doors.is_open()) return;
        while (!self->open_now.empty() && self->open_now.size() >= self->options.max_connections()) {
            auto const longest = self->open_now.front();
            longest->end();
        }
        self->open_now.push_back(std::make_shared<visit>(*self, std::move(came)));
        self->open_now.back()->start();
        self->accept_next();
    });
}

void http_pages::state::close() noexcept {
    doors.close();
    while (!open_now.empty()) {
        auto const each = open_now.front();
        each->end();
    }
}

http_pages::http_pages(asio::any_io_executor ex, page_function find, http_pages_options options)
    : state_(std::make_shared<state>(ex, std::move(find), options)) {}

http_pages::~http_pages() { close(); }

error_code http_pages::open(endpoint const& where) {
    if (where.via() != scheme::tcp && where.via() != scheme::local) return errc::scheme_not_supported;
    if (auto const ec = state_->doors.open(where)) return ec;
    state_->accept_next();
    return {};
}

endpoint const& http_pages::local() const noexcept { return state_->doors.local(); }
std::size_t     http_pages::connections() const noexcept { return state_->open_now.size(); }
void            http_pages::close() noexcept { state_->close(); }

} // namespace aldis::transport
