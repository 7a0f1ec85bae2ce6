// What analysis found, for people and programs.
#pragma once

#include <string>

#include <aldis/follow/record.hpp>

namespace aldis::follow {

/// ` acks=9 +0.120ms [a/b]`, ` again=5`, ` from=7 +1.204ms`, ` takes-over=3`: each with a blank in front; numbers are frames.
void append_findings(std::string& out, record const& r);

/// The members of "x" for it, `before` in front of the first and a comma in front of each other; returns what is to stand in front of the next.
char append_findings_json(std::string& out, record const& r, char before);

} // namespace aldis::follow
