// A capture file as a source.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "byte_input.hpp"
#include "frame_reader.hpp"
#include "pipeline.hpp"

namespace aldis::app::dump {

class capture_source final : public source {
public:
    capture_source(std::unique_ptr<byte_input> from, std::string const& name, capture_options const& options);

    bool     step(sink& to) override;
    void     stop() noexcept override { stopped_ = true; }
    progress position() const noexcept override { return reader_->position(); }

private:
    bool finish(sink& to);

    pipeline                      pipeline_;
    std::unique_ptr<frame_reader> reader_;
    captured_frame                frame_{};
    bool                          is_open_ = false;                // frame_ was brought, and is not done
    bool                          is_over_ = false;
    std::atomic<bool>             stopped_{false};
};

} // namespace aldis::app::dump
