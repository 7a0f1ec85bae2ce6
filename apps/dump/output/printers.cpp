// The printer that a command line asks for, and where its text goes.
#include "printers.hpp"

#include <cerrno>
#include <cstring>
#include <string>

#include <unistd.h>

#include <aldis/follow/printers.hpp>

#include "dump/extract/extractor.hpp"
#include "dump/stats/stats.hpp"

namespace aldis::app::dump {
namespace {

void write_all(std::string_view rest) {
    while (!rest.empty()) {
        auto const written = ::write(STDOUT_FILENO, rest.data(), rest.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) throw output_error{std::string{"standard output cannot be written: "} + std::strerror(errno)};
        rest.remove_prefix(static_cast<std::size_t>(written));
    }
}

void write_note(std::string_view line) {
    auto const all = std::string{"aldis dump: "}.append(line);
    (void)!::write(STDERR_FILENO, all.data(), all.size());
}

} // namespace

output standard_output() { return {write_all, write_note}; }

std::unique_ptr<printer> make_printer(output& out, settings const& wanted, bool color, bool live) {
    if (wanted.stats) return std::make_unique<stats_printer>(out, wanted);
    if (!wanted.extract.empty()) return std::make_unique<extractor>(out, wanted, live);
    switch (wanted.output) {
    case output_kind::tree: return follow::make_tree_printer(out, wanted, color, live);
    case output_kind::json: return follow::make_json_printer(out, wanted, live);
    case output_kind::fields: return make_field_printer(out, wanted, live);
    case output_kind::lines: break;
    }
    return follow::make_line_printer(out, wanted, color, live);
}

} // namespace aldis::app::dump
