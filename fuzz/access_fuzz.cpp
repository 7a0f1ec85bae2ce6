// access: files of passwords and rules are refused with a line number, or mean the same when written and read again.
#include "fuzz.hpp"

#include <string>

#include <aldis/access/acl_file.hpp>
#include <aldis/access/password_file.hpp>
#include <aldis/codec/topic.hpp>

using namespace aldis;
using namespace aldis::access;

namespace {

void read_passwords(std::string_view text) {
    try {
        auto const file = password_file::parse(text);
        auto const once = file.text();
        auto const again = password_file::parse(once);
        fuzz::check(again.size() == file.size() && again.text() == once, "a file that was written is read as it was");
    } catch (file_error const& error) {
        fuzz::check(std::string_view(error.what()).starts_with("password file:"), "a refusal tells where");
    }
}

void read_rules(std::string_view text) {
    auto const end = text.find('\n');
    auto const topic = text.substr(0, end);                        // the first line asks, the others answer
    if (end == text.npos) return;
    try {
        auto const file = acl_file::parse(text.substr(end + 1));
        for (auto const name : {"u", "+", "a/b"}) {
            auto const rules = file.rules_for(name, name);
            if (is_topic_name(topic)) {
                // Whoever may receive one topic may subscribe to it, unless there are rules for subscribing.
                bool const may_read = rules.may_read(topic);
                rules.may_write(topic);
                bool const has_subscribe = text.find("subscribe") != text.npos;
                fuzz::check(!may_read || has_subscribe || is_shared(topic) || rules.may_subscribe(topic), "what may be read may be subscribed");
            }
            if (is_topic_filter(topic)) rules.may_subscribe(topic);
        }
    } catch (file_error const& error) {
        fuzz::check(std::string_view(error.what()).starts_with("ACL file:"), "a refusal tells where");
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size == 0) return 0;
    fuzz::exact_copy const rest{data + 1, size - 1};
    if (data[0] % 2 == 0) read_passwords(rest.text());
    else read_rules(rest.text());
    return 0;
}
