// Runs the files of the folders named on the command line through a fuzz target, without libFuzzer: a test everywhere.
// A folder that does not exist or is empty is no error as long as one file was run in all.
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "fuzz.hpp"

namespace {

std::size_t replay(std::filesystem::path const& folder) {
    std::size_t count = 0;
    if (!std::filesystem::is_directory(folder)) return count;
    for (auto const& entry : std::filesystem::recursive_directory_iterator(folder)) {
        if (!entry.is_regular_file() || entry.path().filename().string().starts_with('.')) continue;
        std::ifstream           in(entry.path(), std::ios::binary);
        std::vector<char> const bytes{std::istreambuf_iterator<char>(in), {}};
        if (!in) throw std::filesystem::filesystem_error("cannot read", entry.path(), std::make_error_code(std::errc::io_error));
        std::fprintf(stderr, "%s\r", entry.path().filename().c_str());
        LLVMFuzzerTestOneInput(reinterpret_cast<std::uint8_t const*>(bytes.data()), bytes.size());
        ++count;
    }
    return count;
}

} // namespace

int main(int argc, char* argv[]) {
    try {
        std::size_t count = 0;
        for (int i = 1; i < argc; ++i) count += replay(argv[i]);
        std::printf("%zu inputs\n", count);
        if (count == 0) std::fprintf(stderr, "no input found\n");
        return count == 0 ? 1 : 0;
    } catch (std::exception const& bad) {
        std::fprintf(stderr, "%s\n", bad.what());
        return 2;
    }
}
