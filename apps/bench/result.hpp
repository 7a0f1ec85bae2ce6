// The result of a run of `bench`: text for people, or one JSON object.
#pragma once

#include <string>

#include "settings.hpp"
#include "tally.hpp"

namespace aldis::app::bench {

std::string result_text(settings const& wanted, tally const& counts, duration measured_time);
std::string result_json(settings const& wanted, tally const& counts, duration measured_time);

} // namespace aldis::app::bench
