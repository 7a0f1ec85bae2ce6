// SCRAM-SHA-256 as an authenticator, which hashes on a thread of its own.
#include <mutex>
#include <optional>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include <aldis/authenticator.hpp>

namespace aldis {
namespace {

error_code error_of(access::scram_fault why) noexcept {
    using fault = access::scram_fault;
    switch (why) {
    case fault::not_ascii: return error::authentication_not_ascii;
    case fault::too_few_rounds: return error::authentication_weak;
    case fault::too_many_rounds: return error::authentication_costly;
    case fault::wrong_nonce:
    case fault::not_proven: return error::authentication_failed;
    case fault::malformed:
    case fault::not_supported: break;
    }
    return error::authentication_malformed;
}

byte_buffer bytes_of(std::string_view text) {
    auto const view = to_bytes(text);
    return {view.begin(), view.end()};
}

class scram final : public authenticator {
public:
    explicit scram(access::scram_client side) : side_(std::move(side)) {}

    std::string_view method() const noexcept override { return "SCRAM-SHA-256"; }
    error_code flaw() const override {
        auto const wrong = side_.flaw();
        return wrong ? error_of(*wrong) : error_code{};
    }
    byte_buffer begin() override {
        std::lock_guard const lock(guard_);
        ++conversation_;
        return bytes_of(side_.first());
    }
    void step(bytes_view challenge, reply answer) override {
        std::lock_guard const lock(guard_);
        if (!hashing_) hashing_.emplace(1);
        boost::asio::post(*hashing_, [this, side = side_, no = conversation_, asked = std::string(to_text(challenge)), answer = std::move(answer)]() mutable {
            auto const made = side.answer(asked);
            take_over(std::move(side), no);
            if (made) answer({}, bytes_of(*made));
            else answer(error_of(made.error()), {});
        });
    }
    error_code finish(bytes_view last) override {
        std::lock_guard const lock(guard_);
        ++conversation_;
        auto const checked = side_.check(to_text(last));
        return checked ? error_code{} : error_of(checked.error());
    }

private:
    /// On the thread that hashes: what it knows now counts, unless the conversation is over meanwhile.
    void take_over(access::scram_client side, std::uint64_t no) {
        std::lock_guard const lock(guard_);
        if (conversation_ == no) side_ = std::move(side);
    }

    std::mutex                              guard_{};
    access::scram_client                    side_;
    std::uint64_t                           conversation_ = 0;
    std::optional<boost::asio::thread_pool> hashing_{};            // last: its end waits for what it hashes
};

} // namespace

std::shared_ptr<authenticator> make_scram_sha_256(std::string user_name, std::string password, access::scram_limits limits) {
    return std::make_shared<scram>(access::scram_client(std::move(user_name), std::move(password), limits));
}

} // namespace aldis
