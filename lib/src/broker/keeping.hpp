// A broker's journal on its way to its store: one batch is being committed, the next one gathers.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <aldis/broker_store.hpp>

#include "core.hpp"

namespace aldis::serving {

namespace asio = boost::asio;

/// Used from the broker's executor.
class keeping : public std::enable_shared_from_this<keeping> {
public:
    /// `core` must live until leave().
    keeping(asio::any_io_executor ex, std::shared_ptr<broker_store> store, core& of);

    /// Makes again what the store has. Blocks while it is read.
    error_code load();

    /// Begins to commit what has changed, if nothing is being committed. At the end of each turn.
    void gather();

    /// Waits until all that has changed is written, or can not be, and closes the store. Nothing is done after this.
    void leave() noexcept;

    std::string failure() const { return store_->failure(); }

    /// Told when the store begins to fail, with what it says, and with nothing when it works again.
    std::function<void(std::string const&)> on_state{};

private:
    struct exchange;

    void begin();
    void ended(error_code ec);

    asio::any_io_executor                ex_;
    std::shared_ptr<broker_store>        store_;
    core*                                core_;
    asio::steady_timer                   again_;
    std::shared_ptr<broker_store::batch> batch_{};                 // being committed, or waiting to be tried again
    std::uint64_t                        batch_no_ = 0;
    std::shared_ptr<exchange>            exchange_;
    bool                                 is_failing_ = false;
};

} // namespace aldis::serving
