// Configuration files in memory, and their problems as lines.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <broker/config/reader.hpp>

namespace aldis::app::config::test {

class memory_files : public files {
public:
    memory_files& put(std::string path, std::string text) {
        texts_[std::move(path)] = std::move(text);
        return *this;
    }

    file_text read(std::string const& path, std::size_t most) override {
        auto const at = texts_.find(path);
        if (at == texts_.end()) return {{}, "cannot be read: No such file or directory"};
        if (at->second.size() > most) return {{}, "is larger than " + std::to_string(most) + " bytes"};
        return {at->second, {}};
    }

    file_names list(std::string const& folder, std::size_t most) override {
        file_names out;
        for (auto const& [path, text] : texts_) {
            auto const slash = path.rfind('/');
            if (path.substr(0, slash) == folder) out.names.push_back(path.substr(slash + 1));
        }
        if (out.names.size() > most) return {{}, "has more than " + std::to_string(most) + " files"};
        if (out.names.empty()) return {{}, "cannot be read: No such file or directory"};
        return out;
    }

private:
    std::map<std::string, std::string> texts_{};
};

inline configuration parsed(std::string_view text) {
    memory_files none;
    return parse_configuration(text, "a.conf", none);
}

/// Without those that the text has nothing to do with: that nobody can come in.
inline std::vector<std::string> told(configuration const& of) {
    std::vector<std::string> out;
    for (auto const& each : of.told.list())
        if (each.what != "nobody can come in here") out.push_back(to_string(each));
    return out;
}
inline std::vector<std::string> told(std::string_view text) { return told(parsed(text)); }

using lines = std::vector<std::string>;

} // namespace aldis::app::config::test
