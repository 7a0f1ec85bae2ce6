// Asking: a subscription for the answers, correlation data that finds the request again, and time that runs out (4.10.1).
#include "requesting.hpp"

#include <algorithm>
#include <random>

#include <boost/asio/error.hpp>

#include <aldis/codec/topic.hpp>

#include "impl.hpp"

namespace aldis {

namespace {

constexpr std::size_t most_channels = 64;                          // response topics of one client
constexpr std::size_t nonce_size = 8, number_size = 8;

std::string random_bytes(std::size_t count) {
    std::random_device source;
    std::string        made;
    while (made.size() < count) made += static_cast<char>(source() & 0xFFU);
    return made;
}

std::string hexadecimal(std::string_view bytes) {
    std::string made;
    for (auto const each : bytes) {
        static constexpr char digits[] = "0123456789abcdef";
        made += digits[static_cast<unsigned char>(each) >> 4U];
        made += digits[static_cast<unsigned char>(each) & 0xFU];
    }
    return made;
}

std::string with_number(std::string bytes, std::uint64_t no) {
    for (std::size_t i = 0; i < number_size; ++i) bytes += static_cast<char>(no >> (8 * (number_size - 1 - i)) & 0xFFU);
    return bytes;
}

} // namespace

requester::requester(client::impl& of) : of_(of), timer_(of.executor()), nonce_(random_bytes(nonce_size)) {}

// ---- Asking -----------------------------------------------------------------------------------------------------------

error_code requester::check(std::string_view topic, request_options const& how) const {
    if (of_.dead_) return asio::error::operation_aborted;
    if (auto const wrong = codec::check_topic_name(topic)) return bad_argument(*wrong);
    if (auto const wrong = how.publish().props().flaw()) return bad_argument(*wrong);
    bool const v5 = is_v5(of_.options_.version());
    if (!v5 && how.response_topic().empty()) return error::no_response_topic;
    if (!how.response_topic().empty())
        if (auto const wrong = codec::check_topic_name(how.response_topic())) return bad_argument(*wrong);      // [MQTT-3.3.2-14]
    if (!v5 && !how.publish().props().view().empty()) return bad_argument(codec::errc::not_expressible);
    bool const is_new = !how.response_topic().empty() && !channels_.contains(how.response_topic());
    if (pending_.size() >= most_ || (is_new && channels_.size() >= most_channels)) return error::queue_full;
    return {};
}

void requester::request(std::string_view topic, payload_view payload, request_options const& how, request_operation op) {
    if (auto const wrong = check(topic, how)) return std::move(op).complete(wrong, {});
    auto const no = next_++;
    op.on_cancel([weak = of_.weak_from_this(), no](asio::cancellation_type type) {
        auto const self = weak.lock();
        if (self && self->requester_ && type != asio::cancellation_type::none) self->requester_->finish(no, asio::error::operation_aborted, {});
    });
    auto const limit = how.timeout();
    bool const expires = limit.count() > 0 && is_v5(of_.options_.version()) &&
                         !how.publish().props().view().has(property_id::message_expiry_interval);
    auto const seconds = static_cast<std::uint32_t>(std::clamp<std::int64_t>((limit.count() + 999) / 1000, 1, 0xFFFF'FFFE));
    auto const due = clock::now() + std::min<std::chrono::milliseconds>(limit, std::chrono::hours{24 * 365});
    pending_.emplace(no, request_record{std::move(op), std::string(topic), std::string(to_text(payload.bytes())), how.publish(),
                                        expires ? seconds : 0, how.response_topic(), due});
    if (limit.count() > 0) due_.emplace(due, no);
    arm();
    open(no);
}

/// The subscription for its answer comes first, lest the answer be quicker.
void requester::open(std::uint64_t no) {
    auto& what = pending_.at(no);
    if (what.response_topic.empty()) {
        if (!of_.is_open()) return;                                // the server may have something to say about it
        what.response_topic = own_topic();
    }
    auto const topic = what.response_topic;
    auto const found = channels_.find(topic);
    if (found != channels_.end() && found->second.state() == subscription_state::refused) channels_.erase(found);    // try once more
    auto& channel = channels_[topic];
    if (!channel) {
        channel = client_subscription(of_.routes().subscribe(topic, subscription_options{}.unsubscribe_on_destruction(true).kept(false), [this, topic](received_message const& m) { arrived(topic, m); }));
        channel.on_answer([this, topic](error_code why, subscribe_result const&) { answered(topic, why); });
    }
    if (auto const why = channel.error()) return finish(no, why, {});
    if (channel.is_active()) send(no);
}

/// "<Response Information>/<nonce>", or "response/<client identifier>/<nonce>".
std::string requester::own_topic() {
    auto const information = of_.connected_as_.props().view().get<property_id::response_information>().value_or(std::string_view{});
    if (!own_.empty() && information == information_) return own_;
    information_ = information;
    auto base = information_;
    if (base.ends_with('/')) base.pop_back();
    auto const end = "/" + hexadecimal(nonce_);
    if (base.empty() || !is_topic_name(base + end)) {
        base = "response/" + of_.connected_as_.client_id();
        std::replace_if(base.begin(), base.end(), [](char c) { return c == '+' || c == '#'; }, '_');
        if (!is_topic_name(base + end)) base = "response";
    }
    own_ = base + end;
    return own_;
}

void requester::connected() {
    std::vector<std::uint64_t> waiting;
    for (auto const& each : pending_)
        if (each.second.response_topic.empty()) waiting.push_back(each.first);
    for (auto const no : waiting)
        if (pending_.contains(no)) open(no);
}

void requester::answered(std::string const& response_topic, error_code why) {
    std::vector<std::uint64_t> all;
    for (auto const& each : pending_)
        if (each.second.response_topic == response_topic && !each.second.is_sent) all.push_back(each.first);
    for (auto const no : all) {
        if (!pending_.contains(no)) continue;
        if (why) finish(no, why, {});
        else send(no);
    }
}

void requester::send(std::uint64_t no) {
    auto& what = pending_.at(no);
    what.is_sent = true;
    auto how = std::move(what.how);
    if (is_v5(of_.options_.version())) {
        how.response_topic(what.response_topic).correlation_data(with_number(nonce_, no));
        if (what.expiry > 0) how.expiry(std::chrono::seconds{what.expiry});
    }
    auto content = client::impl::make(what.topic, what.payload, how);
    what.payload = {};
    of_.publish(std::move(content), publish_operation(
        [weak = of_.weak_from_this(), no](error_code why, publish_result const&) {
            auto const self = weak.lock();
            if (why && self && self->requester_) self->requester_->finish(no, why, {});
        },
        of_.executor()));
}

// ---- Being answered ---------------------------------------------------------------------------------------------------

void requester::arrived(std::string const& response_topic, received_message const& m) {
    auto const no = number_of(response_topic, m);
    if (no == 0) ++stray_;
    else finish(no, {}, m);
}

/// The request that `m` answers; 0 when none that waits. Where there is no correlation data to send, the one made first.
std::uint64_t requester::number_of(std::string const& response_topic, received_message const& m) const {
    if (!is_v5(of_.options_.version())) {
        for (auto const& each : pending_)
            if (each.second.is_sent && each.second.response_topic == response_topic) return each.first;
        return 0;
    }
    auto const bytes = to_text(m.correlation_data());
    if (bytes.size() != nonce_size + number_size || !bytes.starts_with(nonce_)) return 0;
    std::uint64_t no = 0;
    for (auto const each : bytes.substr(nonce_size)) no = no << 8U | static_cast<unsigned char>(each);
    auto const at = pending_.find(no);
    return at != pending_.end() && at->second.is_sent && at->second.response_topic == response_topic ? no : 0;
}

void requester::finish(std::uint64_t no, error_code why, received_message answer) {
    auto const at = pending_.find(no);
    if (at == pending_.end()) return;
    auto op = std::move(at->second.op);
    forget_due(no, at->second.due);
    pending_.erase(at);
    std::move(op).complete(why, std::move(answer));
}

void requester::abort(error_code why) {
    due_.clear();
    arm();
    for (auto& each : std::exchange(pending_, {})) std::move(each.second.op).complete(why, {});
}

// ---- Time -------------------------------------------------------------------------------------------------------------

void requester::forget_due(std::uint64_t no, clock::time_point when) {
    auto const [from, to] = due_.equal_range(when);
    for (auto at = from; at != to; ++at) {
        if (at->second != no) continue;
        due_.erase(at);
        break;
    }
    if (due_.empty()) arm();
}

/// A timer that is due too early just looks again; none runs when nothing waits, lest it keep the event loop busy.
void requester::arm() {
    if (due_.empty()) {
        if (std::exchange(armed_, std::nullopt)) timer_.cancel();
        return;
    }
    auto const first = due_.begin()->first;
    if (armed_ && *armed_ <= first) return;
    armed_ = first;
    timer_.expires_at(first);
    timer_.async_wait([weak = of_.weak_from_this()](error_code ec) {
        auto const self = weak.lock();
        if (!ec && self && self->requester_) self->requester_->timer_fired();
    });
}

void requester::timer_fired() {
    armed_.reset();
    auto const now = clock::now();
    while (!due_.empty() && due_.begin()->first <= now) finish(due_.begin()->second, error::request_timed_out, {});
    arm();
}

} // namespace aldis
