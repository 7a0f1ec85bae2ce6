// The stage that follows conversations: questions and their answers, sessions, rules of the state, messages and their deliveries.
#pragma once

#include <memory>

#include <aldis/follow/record.hpp>

namespace aldis::follow {

/// A stage in front of `next`, which must outlive it: fills in record::found, adds violations, and tells in notes what was never answered.
/// Behind missing bytes, in the middle of a conversation and without its CONNECT nothing is held against anyone that could be explained by
/// what was not captured. Memory is bounded, whatever comes; the oldest goes first.
std::unique_ptr<stage> make_analysis(stage& next);

} // namespace aldis::follow
