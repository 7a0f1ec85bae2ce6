// Which listener a line is about, and what is left when the last line was read.
#include "draft.hpp"

namespace aldis::app::config {

bool draft::open_listener(listener_settings fresh) {
    has_placed_keys_ = true;
    if (settings_.listeners.size() == max_listeners) return false;
    current_ = settings_.listeners.size();
    settings_.listeners.push_back(std::move(fresh));
    return true;
}

void draft::open_default(place const& at) {
    if (default_opened_) return;
    default_opened_ = at;
    default_.at = at;
}

bool draft::accepts(key_row const& row, place const& at) {
    bool const is_of_listener = row.scope == key_scope::listener || (row.scope == key_scope::access && settings_.per_listener);
    if (row.scope == key_scope::listener || row.scope == key_scope::access) has_placed_keys_ = true;
    if (is_of_listener && !current_ && row.apply != apply_port && row.apply != apply_bind_address) early_.push_back({row.name, at});
    return row.repeats || !is_repeated(row, at);
}

bool draft::is_repeated(key_row const& row, place const& at) {
    bool const is_of_all = row.scope == key_scope::global || (row.scope == key_scope::access && !settings_.per_listener);
    auto const owner = is_of_all || !current_ ? 0 : *current_ + 1;
    auto const [before, is_new] = seen_.try_emplace({&row, owner}, at);
    if (is_new) return false;
    auto const where = before->second.file + ':' + std::to_string(before->second.line);
    if (row.rule.kind == value_kind::text) {
        told_.error(at, row.name, "it was given before, at " + where, is_of_all ? "keep one of the two" : "keep one of the two, or put a listener line between them");
        return true;
    }
    told_.warn(at, row.name, "this takes the place of " + where);
    before->second = at;
    return false;
}

void draft::tell_of_early_keys() {
    for (auto const& each : early_)
        told_.error(each.at, each.name, "it stands above the first listener line, so it would be about a listener that is not opened",
                    "move it below the listener that it is for");
}

void draft::finish(place const& file) {
    if (default_opened_) {
        settings_.listeners.insert(settings_.listeners.begin(), std::move(default_));
        current_.reset();
    } else if (settings_.listeners.empty()) {
        default_.at = file;
        default_.is_implicit = true;
        settings_.listeners.push_back(std::move(default_));
    } else {
        tell_of_early_keys();
    }
    check_whole(settings_, told_);
}

} // namespace aldis::app::config
