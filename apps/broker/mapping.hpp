// From settings to the options of a broker: password files and access rules are loaded here.
#pragma once

#include <string>
#include <vector>

#include <aldis/broker_limits.hpp>
#include <aldis/broker_options.hpp>

#include "config/problems.hpp"
#include "config/settings.hpp"

namespace aldis::app {

struct broker_plan {
    broker_options               options{};                        // all but the log
    std::vector<broker_listener> where_possible{};                 // further listeners that the system may lack the address family for
    std::string                  store_file{};                     // empty: nothing is kept
};

/// Tells what is wrong with files that are named; the plan is to be used where that was nothing.
broker_plan plan_broker(config::broker_settings const& settings, config::problems& told);

/// The broker's defaults, and what was given in their place.
broker_limits limits_of(config::limit_settings const& given);

/// Reads certificates and keys as a listener would; tells what is wrong with them. Takes a free port of this machine for the moment.
void check_certificates(config::broker_settings const& settings, broker_plan const& plan, config::problems& told);

} // namespace aldis::app
