// --stats: what was seen, summed up by topic, client, type, reason and QoS.
#pragma once

#include "dump/options.hpp"
#include "dump/record.hpp"
#include "tally.hpp"

namespace aldis::app::dump {

/// A printer that prints nothing before the end. Memory: at most 1,000 names in each table, about 40 MB when all are full.
class stats_printer final : public printer {
public:
    stats_printer(output& out, settings const& wanted) noexcept : printer(out, wanted, false), as_json_(wanted.output == output_kind::json) {}

    void packet(record& r) override;
    void gap(conversation const& of, unsigned from, frame_stamp at, hole const& what) override;
    void finish() override;

private:
    void add_reasons(record const& r);
    void print_text();
    void print_json();

    bool          as_json_;
    tally         all_{};
    tally_table   topics_{};
    tally_table   clients_{};
    tally_table   types_{};
    tally_table   reasons_{};
    tally_table   qos_{};
    std::uint64_t gaps_ = 0;
    std::uint64_t wrong_ = 0;
    std::int64_t  begin_ = 0;
    std::int64_t  end_ = 0;
};

} // namespace aldis::app::dump
