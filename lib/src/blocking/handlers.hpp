// The handlers of a blocking client: set from any thread, called on the loop's without a lock.
#pragma once

#include <any>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <aldis/blocking_client.hpp>

namespace aldis::blocking {

/// One handler. take() is what to call: it stays alive while it runs, whatever becomes of the slot meanwhile.
template <class... Arguments>
class slot {
public:
    using function = std::function<void(Arguments...)>;

    void set(function handler) {
        auto made = handler ? std::make_shared<function const>(std::move(handler)) : nullptr;
        std::lock_guard const lock(mutex_);
        held_.swap(made);
    }
    std::shared_ptr<function const> take() const {
        std::lock_guard const lock(mutex_);
        return held_;
    }

private:
    mutable std::mutex              mutex_{};
    std::shared_ptr<function const> held_{};
};

/// Handlers of filters. A message is looked for in an unchanging list; who changes it makes a new one.
class routes {
public:
    struct route {
        std::string                      filter;                   // as it was given
        std::string                      pattern;                  // without $share/name/
        blocking_client::message_handler handler;
    };
    using list = std::vector<std::shared_ptr<route const>>;

    void                        add(std::string filter, blocking_client::message_handler handler);
    void                        remove(std::string_view filter);
    void                        clear();
    std::shared_ptr<list const> all() const;

private:
    mutable std::mutex          mutex_{};
    std::shared_ptr<list const> held_ = std::make_shared<list const>();
};

struct handlers {
    slot<connect_result const&>      connected{};
    slot<disconnected_notice const&> disconnected{};
    slot<received_message const&>    message{};
    slot<publish_token const&>       published{};
    slot<subscribe_token const&>     subscribed{};
    slot<subscribe_token const&>     unsubscribed{};
    slot<log_level, std::string_view> log{};
    slot<direction, bytes_view>      tap{};
    routes                           of_filters{};

    void clear();
};

} // namespace aldis::blocking
