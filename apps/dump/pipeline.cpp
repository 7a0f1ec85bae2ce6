// The one place where stages are put together.
#include "pipeline.hpp"

#include <string>
#include <utility>

#include <aldis/follow/analysis.hpp>

#include "filters/filter.hpp"

namespace aldis::app::dump {

void checker::finish() {
    auto const frames = std::to_string(frames_) + (frames_ == 1 ? " frame" : " frames");
    if (is_empty_ && frames_ == 0) next().note({}, nullptr, "there was nothing to read");
    else if (is_empty_)
        next().note({}, nullptr, "no MQTT was found in " + frames + "; it is looked for on every port, -d tcp.port==N,mqtt says where it is, and --keylog opens TLS");
    next().finish();
}

pipeline_stages::pipeline_stages(settings const& wanted, stage& last) : first_(&last) {
    auto const put_in_front = [this](auto made) {
        auto* const added = made.get();
        stages_.push_back(std::move(made));
        first_ = added;
        return added;
    };
    if (wanted.filters.any()) put_in_front(std::make_unique<filter>(*first_, wanted.filters));
    checker_ = put_in_front(std::make_unique<checker>(*first_));
    if (wanted.flows) put_in_front(follow::make_analysis(*first_));   // sees every record, and may add violations
}

} // namespace aldis::app::dump
