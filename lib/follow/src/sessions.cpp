// The book of sessions.
#include "sessions.hpp"

#include <utility>

#include "limits.hpp"

namespace aldis::follow {

std::shared_ptr<session> session_book::find(std::string const& key) const {
    auto const found = book_.find(key);
    return found == book_.end() ? nullptr : found->second.of;
}

void session_book::put(std::string const& key, std::shared_ptr<session> s) {
    auto& e = book_[key];
    if (std::exchange(e.is_idle, false)) idle_.erase(e.idle);
    e.of = std::move(s);
}

void session_book::leave(std::string const& key) {
    auto const found = book_.find(key);
    if (found == book_.end() || found->second.is_idle) return;
    auto& e = found->second;
    e.idle = idle_.insert(idle_.end(), key);
    e.is_idle = true;
    if (idle_.size() > limits::sessions) forget_oldest();
}

void session_book::forget_oldest() {
    book_.erase(idle_.front());
    idle_.pop_front();
}

} // namespace aldis::follow
