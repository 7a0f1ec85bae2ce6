// The store that is a copy of the session in memory.
#include <aldis/session_store.hpp>

#include <algorithm>
#include <utility>

namespace aldis {
namespace {

class memory_store final : public session_store {
public:
    error_code load(contents& into) override {
        into = {};
        if (std::exchange(is_open_, true)) return error::store_in_use;
        into = {client_id_, copy_.snapshot(), subscriptions_};
        return {};
    }

    void commit(std::shared_ptr<batch const> what, commit_handler done) override {
        bool fits = true;
        for (auto const& each : what->changes) fits = copy_.replay(each) && fits;
        if (what->client_id) client_id_ = *what->client_id;
        for (auto const& each : what->subscriptions) keep(each);
        done(fits ? error_code{} : make_error_code(error::store_corrupt));
    }

    void close() noexcept override { is_open_ = false; }

private:
    void keep(subscription_change const& c) {
        std::erase_if(subscriptions_, [&](kept_subscription const& each) { return each.filter == c.what.filter; });
        if (!c.is_gone) subscriptions_.push_back(c.what);
    }

    session::state                 copy_{};
    std::string                    client_id_{};
    std::vector<kept_subscription> subscriptions_{};
    bool                           is_open_ = false;
};

} // namespace

std::shared_ptr<session_store> make_memory_store() { return std::make_shared<memory_store>(); }

} // namespace aldis
