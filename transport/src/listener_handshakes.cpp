// From an accepted connection to one that a program can have: layer by layer, many at a time, none for longer than it may.
#include "listener_handshakes.hpp"

#include <algorithm>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/error.hpp>

#include "layers.hpp"

namespace aldis::transport {
namespace {

// Whose connection this is, as far as bounds go. Who has one IPv6 address has the 2^64 beside it as well.
std::optional<asio::ip::address> source_of(std::string const& name) {
    auto const colon = name.rfind(':');
    if (colon == std::string::npos) return {};
    auto host = name.substr(0, colon);
    if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
    error_code ec;
    auto const address = asio::ip::make_address(host, ec);
    if (ec) return {};
    if (address.is_v4()) return address;
    auto bytes = address.to_v6().to_bytes();
    std::fill(bytes.begin() + 8, bytes.end(), static_cast<unsigned char>(0));
    return asio::ip::address_v6(bytes);
}

} // namespace

// ---- One of them --------------------------------------------------------------------------------------------------------------------

struct handshakes::handshake {
    asio::cancellation_signal stop{};
    time_point                since{};
    line::iterator            place{};
    std::string               name{};
    std::string               story{};                             // what a layer said of its failure
    source                    from{};
    std::size_t               next = 0;                            // layer of the plan
    phase                     step = phase::connect;
    bool                      is_late = false;
};

handshakes::handshakes(asio::any_io_executor const& ex, endpoint where, listen_options const& options, std::function<void()> on_change)
    : where_(std::move(where)), options_(options), limit_(std::max<std::size_t>(options.max_handshakes(), 1)),
      on_change_(std::move(on_change)), notes_(options.observe()), deadline_(ex) {
    bool const is_tls = where_.via() == scheme::tls || where_.via() == scheme::wss;
    bool const is_web = where_.via() == scheme::ws || where_.via() == scheme::wss;
    if (options_.proxy_protocol()) plan_.push_back(phase::proxy);
    if (is_tls) plan_.push_back(phase::tls);
    if (is_web) plan_.push_back(phase::websocket);
}

error_code handshakes::begin(std::unique_ptr<stream> lower) {
    ++counts_.accepted;
    auto const one = std::make_shared<handshake>();
    one->name = lower->remote_name();
    one->since = std::chrono::steady_clock::now();
    one->place = running_.insert(running_.end(), one);
    // Behind a load balancer all have the same address until the header tells theirs.
    auto ec = on_the_way() + ready_.size() > limit_ ? error_code(errc::too_many_handshakes) : error_code();
    if (ec) {
        ++counts_.refused_in_total;
    } else if (has_layers() && !options_.proxy_protocol()) {
        one->from = source_of(one->name);
        ec = charge(one->from);
        if (ec) one->from.reset();
    }
    if (ec) return fail(one, ec), ec;
    if (has_layers()) watch();                                     // without any it is through at once
    advance(one, std::move(lower));
    return {};
}

void handshakes::advance(shared_handshake const& one, std::unique_ptr<stream> over) {
    if (one->next == plan_.size()) return on_ready(one, std::move(over));
    one->step = plan_[one->next++];
    auto const see = observe(one);
    auto       done = asio::bind_cancellation_slot(one->stop.slot(), [self = shared_from_this(), one](error_code ec, std::unique_ptr<stream> made) {
        self->on_step(one, ec, std::move(made));
    });
    switch (one->step) {
        case phase::proxy: return start_proxy_header(std::move(over), see, std::move(done));
        case phase::tls: return start_tls_accept(std::move(over), options_.tls(), where_.via() == scheme::wss, see, std::move(done));
        default: return start_websocket_accept(std::move(over), where_, options_.websocket(), see, std::move(done));
    }
}

void handshakes::on_step(shared_handshake const& one, error_code ec, std::unique_ptr<stream> made) {
    if (is_stopped_) return;
    if (one->is_late) ec = errc::handshake_timed_out;
    if (!ec && one->step == phase::proxy) {
        one->name = made->remote_name();
        auto const from = source_of(one->name);
        ec = charge(from);
        if (!ec) one->from = from;
    }
    if (ec) return fail(one, ec);
    advance(one, std::move(made));
}

void handshakes::on_ready(shared_handshake const& one, std::unique_ptr<stream> made) {
    leave(*one);
    ready_.push_back({std::move(made), one->from});
    on_change_();
}

std::unique_ptr<stream> handshakes::take() {
    auto first = std::move(ready_.front());
    ready_.pop_front();
    release(first.from);
    return std::move(first.made);
}

void handshakes::fail(shared_handshake const& one, error_code ec) {
    leave(*one);
    release(one->from);
    if (ec == errc::handshake_timed_out) ++counts_.timed_out;
    else if (ec != errc::too_many_handshakes) ++counts_.failed;
    if (notes_.is_wanted()) {
        bool const is_own = ec == errc::handshake_timed_out || ec == errc::too_many_handshakes || one->story.empty();
        notes_.tell(note(one->step, note::level::failure, one->name + ": " + (is_own ? ec.message() : one->story), ec));
    }
    on_change_();
}

void handshakes::leave(handshake& one) noexcept { (one.is_late ? leaving_ : running_).erase(one.place); }

void handshakes::stop() noexcept {
    is_stopped_ = true;
    deadline_.cancel();
    for (auto const& each : running_) each->stop.emit(asio::cancellation_type::terminal);
    running_.clear();
    leaving_.clear();
    ready_.clear();
    sources_.clear();
}

listener_counts handshakes::snapshot() const noexcept {
    auto now = counts_;
    now.handshakes = on_the_way();
    now.ready = ready_.size();
    return now;
}

// ---- Bounds -------------------------------------------------------------------------------------------------------------------------

error_code handshakes::charge(source const& from) {
    auto const limit = options_.max_handshakes_per_address();
    if (!from || limit == 0) return {};
    auto& count = sources_[*from];
    if (count >= limit) {
        ++counts_.refused_for_address;
        return errc::too_many_handshakes;
    }
    ++count;
    return {};
}

void handshakes::release(source const& from) noexcept {
    if (!from) return;
    auto const at = sources_.find(*from);
    if (at != sources_.end() && --at->second == 0) sources_.erase(at);
}

// One timer for all: they expire in the order in which they came.
void handshakes::watch() {
    if (is_watching_ || running_.empty() || options_.handshake_timeout() <= listen_options::duration::zero()) return;
    is_watching_ = true;
    deadline_.expires_at(running_.front()->since + options_.handshake_timeout());
    deadline_.async_wait([self = shared_from_this()](error_code) {
        self->is_watching_ = false;
        if (!self->is_stopped_) self->expire();
    });
}

void handshakes::expire() {
    auto const now = std::chrono::steady_clock::now();
    while (!running_.empty() && running_.front()->since + options_.handshake_timeout() <= now) {
        auto const late = running_.front();
        late->is_late = true;
        leaving_.splice(leaving_.end(), running_, running_.begin());
        late->stop.emit(asio::cancellation_type::terminal);
    }
    watch();
}

// ---- What is told -------------------------------------------------------------------------------------------------------------------

// Of each failure one line is told, with the address; what the layer has to say of it is kept for that.
observer handshakes::observe(shared_handshake const& one) {
    if (!notes_.is_wanted()) return {};
    return [weak = weak_from_this(), of = std::weak_ptr(one)](note const& said) {
        auto const self = weak.lock();
        auto const at = of.lock();
        if (!self || !at || self->is_stopped_) return;
        if (said.weight() == note::level::failure) at->story = said.text();
        else self->notes_.tell(note(said.step(), said.weight(), at->name + ": " + said.text(), said.why()));
    };
}

void note_gate::tell(note const& what, time_point now) {
    if (!see_) return;
    if (now - began_ >= std::chrono::seconds(1)) {
        began_ = now;
        told_ = 0;
        if (kept_back_ > 0) see_(note(phase::connect, note::level::info, std::to_string(kept_back_) + " more notes were left out"));
        kept_back_ = 0;
    }
    if (told_ >= per_second) {
        ++kept_back_;
        return;
    }
    ++told_;
    see_(what);
}

} // namespace aldis::transport
