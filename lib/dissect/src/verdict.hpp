// What the codec says of a packet, as violations.
#pragma once

#include <aldis/codec/types.hpp>
#include <aldis/dissect/tree.hpp>

namespace aldis::dissect {

/// Adds to `t` the rules that its packet breaks by the codec's judgement: one about the fixed header, one about what follows.
void judge(tree& t, sender from);

} // namespace aldis::dissect
