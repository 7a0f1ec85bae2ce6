// The one place where stages are put together.
#include "pipeline.hpp"

#include <utility>

#include <aldis/follow/analysis.hpp>

#include "filters/filter.hpp"

namespace aldis::app::dump {

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
