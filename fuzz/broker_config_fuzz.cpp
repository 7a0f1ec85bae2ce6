// broker_config: any text comes to settings that keep the promises of the reader, or to lines that say where and what is wrong.
#include "fuzz.hpp"

#include <algorithm>
#include <string>

#include <broker/config/reader.hpp>
#include <aldis/codec/utf8.hpp>

using namespace aldis;
using namespace aldis::app::config;

namespace {

// Every folder has two files, one of which is the input itself.
class folders : public files {
public:
    explicit folders(std::string_view text) : text_(text) {}
    file_text  read(std::string const& path, std::size_t) override { return path.ends_with("/a.conf") ? file_text{std::string(text_), {}} : file_text{{}, "cannot be read"}; }
    file_names list(std::string const& folder, std::size_t) override {
        if (folder.size() % 2 == 0) return {{}, "cannot be read"};
        return {{"b", "a.conf", ".conf"}, {}};
    }

private:
    std::string_view text_;
};

void check_told(problems const& told) {
    fuzz::check(told.list().size() <= problems::most, "problems are bounded");
    for (auto const& each : told.list()) {
        auto const line = to_string(each);
        fuzz::check(codec::is_mqtt_text(line), "what is told is text");
        fuzz::check(std::none_of(line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }), "what is told is one line");
        fuzz::check(line.size() < 1'000, "what is told is short");
        fuzz::check(line.starts_with("x.conf") || line.find("/a.conf") != line.npos || line.find(".conf") != line.npos, "what is told says where");
    }
}

void check_listener(listener_settings const& each) {
    auto const& tls = each.tls;
    bool const  is_meant = tls.ca_file.is_given() || tls.ca_directory.is_given() || tls.require_certificate || tls.certificate_file.is_given() || each.user_name_from() != name_source::none;
    fuzz::check(!is_meant || (tls.certificate_file.is_given() && tls.key_file.is_given()), "a listener with keys of TLS is encrypted");
    fuzz::check(each.user_name_from() == name_source::none || (tls.require_certificate && (tls.ca_file.is_given() || tls.ca_directory.is_given())),
                "names come from certificates that somebody vouches for");
    fuzz::check(!each.is_implicit || (each.host.empty() && !each.socket_path.is_given()), "nobody named the address of a listener that nobody asked for");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    fuzz::exact_copy const input{data, size};
    folders                files{input.text()};
    auto const             got = parse_configuration(input.text(), "x.conf", files);
    check_told(got.told);
    if (!got.is_good()) return 0;
    fuzz::check(!got.settings.listeners.empty(), "there is a listener");
    for (auto const& each : got.settings.listeners) {
        fuzz::check(!each.is_implicit || got.settings.listeners.size() == 1, "a listener that nobody asked for is alone");
        check_listener(each);
    }
    return 0;
}
