// SCRAM-SHA-256 as a method of the broker.
#include <optional>
#include <utility>

#include <aldis/broker_authenticator.hpp>

namespace aldis {

namespace {

class scram_method final : public server_authenticator {
public:
    explicit scram_method(access::scram_server::lookup find) : find_(std::move(find)) {}

    void begin(bytes_view data, reply answer) override {
        talk_.emplace(find_);
        auto const asked = talk_->challenge(to_text(data));
        answer(asked ? authentication_step::challenge(bytes_of(*asked)) : authentication_step::refuse());
    }

    void step(bytes_view data, reply answer) override {
        if (!talk_) return answer(authentication_step::refuse());
        auto const proof = talk_->finish(to_text(data));
        auto const name = talk_->user_name();
        talk_.reset();
        answer(proof ? authentication_step::accept(name, bytes_of(*proof)) : authentication_step::refuse());
    }

private:
    static byte_buffer bytes_of(std::string_view text) {
        auto const all = to_bytes(text);
        return byte_buffer(all.begin(), all.end());
    }

    access::scram_server::lookup        find_;
    std::optional<access::scram_server> talk_{};
};

} // namespace

enhanced_hook scram_sha_256(access::scram_server::lookup find) {
    return [find = std::move(find)](std::string_view method, connecting_client const&) -> std::unique_ptr<server_authenticator> {
        return method == "SCRAM-SHA-256" ? std::make_unique<scram_method>(find) : nullptr;
    };
}

} // namespace aldis
