// Two streams joined in memory: two bounded channels, and what may go wrong with them.
#include <aldis/transport/memory.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <type_traits>
#include <vector>

#include <boost/asio/error.hpp>

#include "completion.hpp"

namespace aldis::transport {
namespace {

using io_completion = completion<error_code, std::size_t>;
using wait_completion = completion<error_code>;

// An operation that waits for its turn; `no` tells a late cancellation that it is over.
template <class What, class Completion>
struct waiting {
    waiting(What w, Completion d, std::uint64_t n) : what(w), done(std::move(d)), no(n) {}

    What          what;
    Completion    done;
    std::uint64_t no;
};

using waiting_read = std::optional<waiting<asio::mutable_buffer, io_completion>>;
using waiting_write = std::optional<waiting<std::span<asio::const_buffer const>, io_completion>>;
using waiting_wait = std::optional<waiting<std::nullptr_t, wait_completion>>;

// One direction of the wire.
struct channel {
    memory_direction       faults{};
    std::vector<std::byte> bytes{};                                // written, not yet read
    std::size_t            ripe = 0;                               // of these, how many may be read
    std::size_t            delivered = 0;                          // taken by the reader
    bool                   is_ripening = false;
    bool                   is_stalled = false;
    bool                   is_ended = false;                       // by the writer; what is left may still be read
    bool                   is_reader_gone = false;
    waiting_read           reader{};
    waiting_wait           waiter{};
    waiting_write          writer{};
};

template <class Slot>
void finish(Slot& slot, error_code ec, std::size_t bytes = 0) {
    if (!slot) return;
    auto done = std::move(slot->done);
    slot.reset();
    if constexpr (std::is_same_v<decltype(done), io_completion>) std::move(done).post(ec, bytes);
    else std::move(done).post(ec);
}

// Both channels; channel 0 carries what the first stream writes.
class wire : public std::enable_shared_from_this<wire> {
public:
    wire(asio::any_io_executor on, memory_options const& options) : ex_(std::move(on)) {
        channels_[0].faults = options.first_to_second();
        channels_[1].faults = options.second_to_first();
        for (auto& each : channels_) each.is_stalled = each.faults.stalled();
        is_broken_ = std::any_of(channels_.begin(), channels_.end(), [](auto const& each) { return each.faults.reset_after() == 0; });
    }

    asio::any_io_executor const& executor() const noexcept { return ex_; }
    channel const&               at(std::size_t which) const noexcept { return channels_[which]; }

    template <class Slot, class What, class Completion>
    void start(Slot channel::*slot, std::size_t which, What what, Completion done) {
        auto& place = channels_[which].*slot;
        if (place) {
            Slot refused(std::in_place, what, std::move(done), 0);
            return finish(refused, asio::error::already_started);
        }
        place.emplace(what, std::move(done), ++last_no_);
        place->done.when_cancelled([weak = weak_from_this(), slot, which, no = last_no_](asio::cancellation_type type) {
            auto const self = weak.lock();
            if (!self || type == asio::cancellation_type::none) return;
            auto& still = self->channels_[which].*slot;
            if (still && still->no == no) finish(still, asio::error::operation_aborted);
        });
        pump(which);
    }

    // What the stream that reads `in` and writes `out` has outstanding.
    void cancel(std::size_t in, std::size_t out) {
        finish(channels_[in].reader, asio::error::operation_aborted);
        finish(channels_[in].waiter, asio::error::operation_aborted);
        finish(channels_[out].writer, asio::error::operation_aborted);
    }

    void leave(std::size_t in, std::size_t out) {
        cancel(in, out);
        channels_[in].is_reader_gone = true;
        discard(channels_[in]);
        pump(in);
        end(out);
    }

    void end(std::size_t which) {
        channels_[which].is_ended = true;
        pump(which);
    }

    void stall(std::size_t which) { channels_[which].is_stalled = true; }

    void release(std::size_t which) {
        channels_[which].is_stalled = false;
        pump(which);
    }

    void reset() {
        is_broken_ = true;
        for (std::size_t which = 0; which < channels_.size(); ++which) {
            discard(channels_[which]);
            pump(which);
        }
    }

private:
    // Moves what can be moved and completes what can be completed. A read may make room for a write, which may feed a wait.
    void pump(std::size_t which) {
        while (feed_from_writer(which) || feed_reader(which)) {
        }
    }

    bool feed_from_writer(std::size_t which) {
        auto& c = channels_[which];
        if (!c.writer) return false;
        auto const why = why_unwritable(c);
        auto const room = c.faults.capacity() - c.bytes.size();
        if (!why && room == 0) return false;
        std::size_t taken = 0;
        if (!why)
            for (auto const& each : c.writer->what) {
                auto const part = std::min(each.size(), room - taken);
                auto const from = static_cast<std::byte const*>(each.data());
                c.bytes.insert(c.bytes.end(), from, from + part);
                taken += part;
            }
        finish(c.writer, why.value_or(error_code{}), taken);
        if (taken > 0) ripen(which);
        return true;
    }

    bool feed_reader(std::size_t which) {
        auto&      c = channels_[which];
        auto const why = why_unreadable(c);
        auto const ready = readable(c);
        if (c.waiter && (why || ready > 0)) finish(c.waiter, {});
        if (!c.reader || (!why && ready == 0)) return false;
        if (why) return finish(c.reader, *why), true;

        auto const part = std::min(ready, c.reader->what.size());
        if (part > 0) std::memcpy(c.reader->what.data(), c.bytes.data(), part);
        c.bytes.erase(c.bytes.begin(), c.bytes.begin() + static_cast<std::ptrdiff_t>(part));
        c.ripe -= part;
        c.delivered += part;
        finish(c.reader, {}, part);
        if (c.delivered >= c.faults.eof_after()) discard(c);
        if (c.delivered >= c.faults.reset_after()) reset();
        return true;
    }

    // Makes what was written readable, now or some turns of the event loop later.
    void ripen(std::size_t which) {
        auto& c = channels_[which];
        if (c.is_ripening) return;
        if (c.faults.coalesce() == 0) {
            c.ripe = c.bytes.size();
            return;
        }
        c.is_ripening = true;
        wait_turns(which, c.faults.coalesce());
    }

    void wait_turns(std::size_t which, std::size_t turns) {
        asio::post(ex_, [self = shared_from_this(), which, turns] {
            if (turns > 1) return self->wait_turns(which, turns - 1);
            auto& c = self->channels_[which];
            c.is_ripening = false;
            c.ripe = c.bytes.size();
            self->pump(which);
        });
    }

    static void discard(channel& c) {
        c.bytes.clear();
        c.ripe = 0;
    }

    static std::size_t readable(channel const& c) {
        if (c.is_stalled) return 0;
        return std::min({c.ripe, c.faults.split(), c.faults.eof_after() - c.delivered, c.faults.reset_after() - c.delivered});
    }

    std::optional<error_code> why_unwritable(channel const& c) const {
        if (is_broken_) return asio::error::connection_reset;
        bool const is_over = c.is_ended || c.is_reader_gone || c.delivered >= c.faults.eof_after();
        return is_over ? std::optional<error_code>(asio::error::broken_pipe) : std::nullopt;
    }

    std::optional<error_code> why_unreadable(channel const& c) const {
        if (is_broken_) return asio::error::connection_reset;
        bool const is_over = c.delivered >= c.faults.eof_after() || (c.is_ended && c.bytes.empty() && !c.is_stalled);
        return is_over ? std::optional<error_code>(asio::error::eof) : std::nullopt;
    }

    asio::any_io_executor  ex_;
    std::array<channel, 2> channels_{};
    bool                   is_broken_ = false;
    std::uint64_t          last_no_ = 0;
};

class memory_stream final : public stream {
public:
    memory_stream(std::shared_ptr<wire> shared, std::size_t side) : wire_(std::move(shared)), out_(side), in_(1 - side) {}
    ~memory_stream() override { close_wire(); }

    executor_type get_executor() const override { return wire_->executor(); }
    std::string   remote_name() const override { return out_ == 0 ? "memory:second" : "memory:first"; }
    void          close() noexcept override { close_wire(); }
    void          cancel() noexcept override { wire_->cancel(in_, out_); }

private:
    void close_wire() noexcept {
        if (!std::exchange(is_open_, false)) return;
        wire_->leave(in_, out_);
    }

    void do_read(asio::mutable_buffer into, io_handler handler) override {
        io_completion done(std::move(handler), wire_->executor());
        if (!is_open_) return std::move(done).post(asio::error::bad_descriptor, 0);
        if (into.size() == 0) return std::move(done).post({}, 0);
        wire_->start(&channel::reader, in_, into, std::move(done));
    }

    void do_write(std::span<asio::const_buffer const> from, io_handler handler) override {
        io_completion done(std::move(handler), wire_->executor());
        if (!is_open_) return std::move(done).post(asio::error::bad_descriptor, 0);
        while (!from.empty() && from.front().size() == 0) from = from.subspan(1);
        if (from.empty()) return std::move(done).post({}, 0);
        wire_->start(&channel::writer, out_, from.first(std::min(from.size(), max_write_buffers)), std::move(done));
    }

    void do_wait_readable(wait_handler handler) override {
        wait_completion done(std::move(handler), wire_->executor());
        if (!is_open_) return std::move(done).post(asio::error::bad_descriptor);
        wire_->start(&channel::waiter, in_, nullptr, std::move(done));
    }

    void do_shutdown(wait_handler handler) override {
        if (is_open_) wire_->end(out_);
        wait_completion(std::move(handler), wire_->executor()).post(is_open_ ? error_code{} : asio::error::bad_descriptor);
    }

    std::shared_ptr<wire> wire_;
    std::size_t           out_;
    std::size_t           in_;
    bool                  is_open_ = true;
};

constexpr std::size_t index_of(direction which) noexcept { return static_cast<std::size_t>(which); }

} // namespace

struct memory_control::slot {
    std::shared_ptr<wire> held;
};

memory_control::memory_control() : slot_(std::make_shared<slot>()) {}

void memory_control::stall(direction which) {
    if (slot_->held) slot_->held->stall(index_of(which));
}

void memory_control::release(direction which) {
    if (slot_->held) slot_->held->release(index_of(which));
}

void memory_control::reset() {
    if (slot_->held) slot_->held->reset();
}

std::size_t memory_control::delivered(direction which) const noexcept {
    return slot_->held ? slot_->held->at(index_of(which)).delivered : 0;
}

std::size_t memory_control::buffered(direction which) const noexcept {
    return slot_->held ? slot_->held->at(index_of(which)).bytes.size() : 0;
}

std::pair<std::unique_ptr<stream>, std::unique_ptr<stream>> make_memory_pair(asio::any_io_executor ex, memory_options const& options) {
    auto const shared = std::make_shared<wire>(std::move(ex), options);
    options.control().slot_->held = shared;
    return {std::make_unique<memory_stream>(shared, 0), std::make_unique<memory_stream>(shared, 1)};
}

} // namespace aldis::transport
