// Where configuration comes from: files of the system, or of a test.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace aldis::app::config {

/// What was read, or why it was not: one line for people, empty where nothing is wrong.
struct file_text {
    std::string text{};
    std::string fault{};
};
struct file_names {
    std::vector<std::string> names{};
    std::string              fault{};
};

class files {
public:
    virtual ~files() = default;

    /// All of a file of no more than `most` bytes.
    virtual file_text read(std::string const& path, std::size_t most) = 0;
    /// The names in a folder, without those that begin with a dot, in any order; no more than `most`.
    virtual file_names list(std::string const& folder, std::size_t most) = 0;
};

/// Those of the system.
class system_files : public files {
public:
    file_text  read(std::string const& path, std::size_t most) override;
    file_names list(std::string const& folder, std::size_t most) override;
};

} // namespace aldis::app::config
