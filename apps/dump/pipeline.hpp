// The stages that records pass, from the streams to the printer.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "options.hpp"
#include "record.hpp"

namespace aldis::app::dump {

/// Counts what --check asks about, and says so when there was no packet at all.
class checker final : public passing_stage {
public:
    using passing_stage::passing_stage;

    void packet(record& r) override {
        found_ |= r.is_wrong();
        is_empty_ = false;
        next().packet(r);
    }
    void frame_done(frame_stamp at) override {
        frames_ = at.number;
        next().frame_done(at);
    }
    void finish() override;
    bool found() const noexcept { return found_; }

private:
    bool          found_ = false;
    bool          is_empty_ = true;
    std::uint64_t frames_ = 0;
};

/// The stages in their order, built from the last to the first: analysis, checker, filters, printer. What --check looks at is everything,
/// whatever the filters let through.
class pipeline_stages {
public:
    /// `last` must outlive this.
    pipeline_stages(settings const& wanted, stage& last);

    stage& first() noexcept { return *first_; }
    bool   found_violations() const noexcept { return checker_->found(); }

private:
    std::vector<std::unique_ptr<stage>> stages_{};
    checker*                            checker_ = nullptr;
    stage*                              first_ = nullptr;
};

} // namespace aldis::app::dump
