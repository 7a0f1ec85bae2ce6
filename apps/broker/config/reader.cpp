// From lines to settings.
#include "reader.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include <aldis/codec/utf8.hpp>

#include "draft.hpp"
#include "keys.hpp"
#include "value.hpp"

namespace aldis::app::config {
namespace {

constexpr std::size_t longest_key = 64;

// The first thing wrong with the characters of a line; empty where nothing is.
std::string fault_of(std::string_view text) {
    if (text.size() > max_line) return "a line of " + std::to_string(text.size()) + " bytes";
    if (!codec::is_mqtt_text(text)) return "this is not UTF-8 text";
    bool const has_control = std::any_of(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F; });
    return has_control ? "there are control characters" : "";
}

class reader {
public:
    reader(configuration& out, files& from) : out_(out), from_(from), draft_(out.told) {}

    void file(std::string const& path, bool is_included) {
        auto const found = from_.read(path, max_file_size);
        if (!found.fault.empty()) return out_.told.error({path, 0}, {}, "this file " + found.fault, "name a file that is there and may be read");
        text(found.text, path, is_included);
    }

    void text(std::string_view all, std::string const& name, bool is_included) {
        out_.read.push_back(name);
        place at{name, 0};
        is_bridge_ = false;
        if (all.starts_with("\xEF\xBB\xBF")) all.remove_prefix(3);    // what editors put there
        while (!all.empty()) {
            auto const end = all.find('\n');
            auto       one = all.substr(0, end);
            if (one.ends_with('\r')) one.remove_suffix(1);
            all.remove_prefix(end == all.npos ? all.size() : end + 1);
            ++at.line;
            if (++lines_ > max_lines) return too_many_lines(at);
            line(one, at, is_included);
        }
    }

    void finish(std::string const& name) {
        draft_.finish({name, 0});
        out_.settings = std::move(draft_.settings());
    }

private:
    void too_many_lines(place const& at) {
        if (lines_ == max_lines + 1) out_.told.error(at, {}, "more than " + std::to_string(max_lines) + " lines", "is one file included twice?");
    }

    void line(std::string_view all, place const& at, bool is_included) {
        auto rest = trimmed(all);
        if (rest.empty() || rest.starts_with('#')) return;
        if (auto const fault = fault_of(all); !fault.empty()) return out_.told.error(at, {}, fault, "is this a configuration file?");
        auto const key = next_word(rest);
        auto const* row = find_key(key);
        if (!row) return unknown(key, at);
        if (row->fate == key_fate::include) return include(rest, at, is_included);
        if (row->fate == key_fate::used) return used(*row, key, rest, at);
        not_used(*row, key, rest, at);
    }

    void unknown(std::string_view key, place const& at) {
        if (out_.told.list().size() == problems::most) return out_.told.error(at, {}, {});   // only counted: looking for names takes time
        auto const nearest = nearest_key(key);
        auto const advice = nearest.empty() ? std::string("see docs/broker-configuration.md for all keys") : "did you mean " + std::string(nearest) + '?';
        out_.told.error(at, {}, quoted(key) + " is no key", key.size() > longest_key ? std::string("keys and values are separated by a space") : advice);
    }

    void used(key_row const& row, std::string_view key, std::string_view given, place const& at) {
        is_bridge_ = false;
        auto const parsed = parse_value(row.rule, given);
        if (!parsed.good) return out_.told.error(at, key, parsed.fault, parsed.advice);
        if (!parsed.good->remark.empty()) out_.told.warn(at, key, parsed.good->remark, "put it on a line of its own");
        if (draft_.accepts(row, at)) row.apply(draft_, {row, *parsed.good, at});
    }

    // Told once for each key: a bridge of forty lines has one thing wrong with it.
    void not_used(key_row const& row, std::string_view key, std::string_view given, place const& at) {
        if (row.scope == key_scope::bridge) {
            if (!std::exchange(is_bridge_, true)) out_.told.error(at, key, "it is about a bridge, and Aldis has none", "run mosquitto with this bridge beside the broker, as a client of both");
            return;
        }
        if (key == "connection") is_bridge_ = true;
        auto first = given;
        if (!row.harmless.empty() && next_word(first) == row.harmless) return;
        if (!told_of_.insert(row.name).second) return;
        bool const is_error = row.fate == key_fate::refused;
        out_.told.add({is_error ? severity::error : severity::warning, at, std::string(key), (is_error ? "refused: " : "ignored: ") + std::string(row.what), std::string(row.advice)});
    }

    void include(std::string_view given, place const& at, bool is_included) {
        constexpr std::string_view key = "include_dir";
        if (is_included) return out_.told.error(at, key, "a file that is included can not include", "write it in the first file");
        auto const parsed = parse_value(path(), given);
        if (!parsed.good) return out_.told.error(at, key, parsed.fault, parsed.advice);
        std::string folder(given);
        if (folder.ends_with('/')) folder.pop_back();
        auto found = from_.list(folder, max_in_folder);
        if (!found.fault.empty()) return out_.told.error(at, key, "the folder " + quoted(folder) + ' ' + found.fault, "name a folder that is there and may be read");
        std::erase_if(found.names, [](std::string const& name) { return name.size() <= 5 || !name.ends_with(".conf") || name.starts_with('.'); });
        std::sort(found.names.begin(), found.names.end());
        for (auto const& name : found.names) {
            if (++included_ > max_included) return out_.told.error(at, key, "more than " + std::to_string(max_included) + " files", "put them together");
            file(folder + '/' + name, true);
        }
    }

    configuration&             out_;
    files&                     from_;
    draft                      draft_;
    std::set<std::string_view> told_of_{};
    std::size_t                lines_ = 0;
    std::size_t                included_ = 0;
    bool                       is_bridge_ = false;                 // the lines above were about one
};

} // namespace

configuration read_configuration(std::string const& path, files& from) {
    configuration out;
    reader        all(out, from);
    all.file(path, false);
    all.finish(path);
    return out;
}

configuration parse_configuration(std::string_view text, std::string const& name, files& from) {
    configuration out;
    reader        all(out, from);
    all.text(text, name, false);
    all.finish(name);
    return out;
}

configuration default_configuration() {
    system_files none;
    auto         out = parse_configuration({}, {}, none);
    out.read.clear();
    return out;
}

} // namespace aldis::app::config
