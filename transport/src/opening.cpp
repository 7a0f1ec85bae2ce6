// A layer that is being opened over a stream.
#include "opening.hpp"

#include <span>
#include <utility>

#include <boost/asio/error.hpp>

namespace aldis::transport {

opening::opening(std::unique_ptr<stream> lower, phase step, observer const& see, stream_handler handler)
    : lower_(std::move(lower)), completion_(std::move(handler), lower_->get_executor()), see_(see), step_(step) {}

void opening::start() {
    completion_.when_cancelled([weak = weak_from_this()](asio::cancellation_type type) {
        auto const self = weak.lock();
        if (!self || type == asio::cancellation_type::none || self->is_done_) return;
        auto story = self->story_so_far();
        if (!story.empty()) self->fail(asio::error::operation_aborted, std::move(story));
        else self->finish(asio::error::operation_aborted, nullptr);
    });
    begin();
}

void opening::send(std::string bytes, next_step then) {
    sending_ = std::move(bytes);
    write_more(0, std::move(then));
}

void opening::write_more(std::size_t written, next_step then) {
    if (written == sending_.size()) return then();
    piece_ = asio::buffer(sending_) + written;
    lower_->async_write_some(std::span(&piece_, 1), [self = shared_from_this(), written, then = std::move(then)](error_code ec, std::size_t size) {
        if (self->is_done_) return;
        if (ec) return self->fail(ec);
        self->write_more(written + size, then);
    });
}

void opening::receive(std::size_t size, next_step then) {
    auto const had = received_.size();
    received_.resize(had + size);
    lower_->async_read_some(asio::buffer(received_) + had, [self = shared_from_this(), had, then = std::move(then)](error_code ec, std::size_t got) {
        if (self->is_done_) return;
        self->received_.resize(had + got);
        if (ec == asio::error::eof) return self->fail(ec, "the other side closed the connection in the middle of the handshake");
        if (ec) return self->fail(ec);
        then();
    });
}

void opening::tell(std::string text) {
    if (see_) see_(note(step_, note::level::info, std::move(text)));
}

void opening::fail(error_code why, std::string story) {
    if (is_done_) return;
    if (see_) see_(note(step_, note::level::failure, story.empty() ? why.message() : std::move(story), why));
    finish(why, nullptr);
}

void opening::finish(error_code ec, std::unique_ptr<stream> made) {
    if (std::exchange(is_done_, true)) return;
    if (ec) close_lower();
    std::move(completion_).post(ec, std::move(made));
}

} // namespace aldis::transport
