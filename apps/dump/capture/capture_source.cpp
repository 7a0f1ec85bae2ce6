// A capture file as a source.
#include "capture_source.hpp"

namespace aldis::app::dump {

capture_source::capture_source(std::unique_ptr<byte_input> from, std::string const& name, capture_options const& options)
    : pipeline_(options),
      reader_(open_frames(std::move(from), name, [this](bytes_view text) { pipeline_.keys().add(to_text(text)); })) {}

// A frame is done when the next one is read: at the end, what was held back still belongs to the last one.
bool capture_source::step(sink& to) {
    if (is_over_) return false;
    auto const before = frame_.at;
    bool       is_there = false;
    try {
        is_there = !stopped_ && reader_->next(frame_);
    } catch (input_error const&) {
        frame_.at = before;
        finish(to);
        throw;
    }
    if (!is_there) return finish(to);
    if (is_open_) pipeline_.done(to, before);
    is_open_ = true;
    pipeline_.frame(to, frame_);
    return true;
}

bool capture_source::finish(sink& to) {
    is_over_ = true;
    if (is_open_) pipeline_.finish(to, frame_.at);
    is_open_ = false;
    if (auto const why = reader_->early_end(); !why.empty()) to.note(frame_.at, nullptr, why);
    return false;
}

std::unique_ptr<source> open_capture(std::string const& path, capture_options const& options) {
    return std::make_unique<capture_source>(open_input(path), path == "-" ? "Standard input" : path, options);
}

} // namespace aldis::app::dump
