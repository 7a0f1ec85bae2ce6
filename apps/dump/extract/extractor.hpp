// --extract: the payloads of PUBLISH packets as files, or one after the other on standard output.
#pragma once

#include <cstdint>
#include <string>

#include "dump/output/printers.hpp"

namespace aldis::app::dump {

/// Prints nothing but what it extracts and, at the end, a note of how much that was. Files are made, never followed: a name that is
/// there (a link, too) is an error unless overwriting was asked for, and then a link is still refused. A packet that is not whole is left
/// out. At most `extract_most` files.
class extractor final : public printer {
public:
    extractor(output& out, settings const& wanted, bool live) noexcept : printer(out, wanted, live), asked_(wanted) {}

    void packet(record& r) override;
    void gap(conversation const&, unsigned, frame_stamp, hole const&) override {}
    void finish() override;

private:
    void        write_file(record const& r);
    std::string path_for(record const& r);
    void        make_folders(std::string const& path);

    settings const& asked_;
    std::uint64_t   written_ = 0;
    std::uint64_t   bytes_ = 0;
    std::uint64_t   broken_ = 0;
    std::uint64_t   beyond_ = 0;
};

} // namespace aldis::app::dump
