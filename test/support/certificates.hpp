// The certificates of certificates.sh, made once for all test programs of a build tree.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

#include <unistd.h>

namespace aldis::test {

/// Made by whoever comes first; a folder is there complete or not at all. ALDIS_CERTIFICATES names it, ALDIS_CERTIFICATES_SCRIPT what makes it.
inline std::string const& certificate_folder() {
    static std::string const folder = [] {
        namespace fs = std::filesystem;
        std::string const script = ALDIS_CERTIFICATES_SCRIPT;
        auto const        version = fs::last_write_time(script).time_since_epoch().count();
        std::string const place = ALDIS_CERTIFICATES "-" + std::to_string(version);
        if (fs::exists(place)) return place;
        std::string const fresh = place + "." + std::to_string(getpid());
        if (std::system(("'" + script + "' '" + fresh + "'").c_str()) != 0) throw std::runtime_error("certificates.sh failed");
        std::error_code someone_was_faster;
        fs::rename(fresh, place, someone_was_faster);
        if (someone_was_faster) fs::remove_all(fresh);
        return place;
    }();
    return folder;
}

/// The path of "server.pem".
inline std::string certificate(std::string const& name) { return certificate_folder() + '/' + name; }

/// What is in "server.pem".
inline std::string certificate_text(std::string const& name) {
    std::ifstream file(certificate(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

} // namespace aldis::test
