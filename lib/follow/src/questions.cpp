// Open questions: one list by age, an index for each end of each session.
#include "questions.hpp"

#include "limits.hpp"

namespace aldis::follow {

question_pool::handle question_pool::make() {
    if (open_.size() >= limits::questions) {
        auto& oldest = open_.front();
        oldest.of->drop(oldest);
    }
    if (spare_.empty()) open_.emplace_back();
    else open_.splice(open_.end(), spare_, spare_.begin());
    return std::prev(open_.end());
}

void question_pool::give_back(handle q) noexcept {
    auto topic = std::move(q->topic);                              // its memory is used again
    topic.clear();
    *q = {};
    q->topic = std::move(topic);
    spare_.splice(spare_.begin(), open_, q);
}

question* question_table::find(std::uint16_t id) noexcept {
    auto const found = open_.find(id);
    return found == open_.end() ? nullptr : &*found->second;
}

question& question_table::add(std::uint16_t id) {
    if (auto const before = open_.find(id); before != open_.end()) erase(before);
    auto const q = pool_.make();
    q->of = this;
    q->id = id;
    q->epoch = epoch_;
    open_.emplace(id, q);
    return *q;
}

void question_table::close(std::uint16_t id) {
    auto const found = open_.find(id);
    if (found == open_.end()) return;
    auto const& q = *found->second;
    if (q.kind == flow_kind::publish) {
        if (answered_.size() < limits::answered) answered_.emplace_back();
        answered_[next_answered_] = {.id = q.id, .sent_again = q.sent_again, .digest = q.digest, .first = q.first};
        next_answered_ = (next_answered_ + 1) % limits::answered;
    }
    erase(found);
}

answered_publish const* question_table::find_answered(std::uint16_t id) const noexcept {
    for (std::size_t i = 0; i < answered_.size(); ++i) {
        auto const& q = answered_[(next_answered_ + answered_.size() - 1 - i) % answered_.size()];   // the latest first
        if (q.id == id) return &q;
    }
    return nullptr;
}

void question_table::drop(question const& q) noexcept {
    complete = false;
    if (auto const found = open_.find(q.id); found != open_.end()) erase(found);
}

void question_table::clear() noexcept {
    while (!open_.empty()) erase(open_.begin());
    answered_.clear();
    next_answered_ = 0;
    counted_ = 0;
}

void question_table::keep_messages() {
    for (auto at = open_.begin(); at != open_.end();) {
        auto const now = at++;
        if (now->second->kind != flow_kind::publish) erase(now);
    }
}

void question_table::count(question& q) noexcept {
    if (q.counted && is_sure(q)) return;
    q.counted = true;
    q.epoch = epoch_;
    ++counted_;
}

void question_table::uncount(question const& q) noexcept {
    if (q.counted && is_sure(q)) --counted_;
}

void question_table::erase(std::unordered_map<std::uint16_t, question_pool::handle>::iterator at) noexcept {
    auto const q = at->second;
    uncount(*q);
    open_.erase(at);
    pool_.give_back(q);
}

} // namespace aldis::follow
