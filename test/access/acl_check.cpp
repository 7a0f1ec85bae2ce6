// acl_check FILE: answers questions about an ACL file, a line each: USER (or -), CLIENT, read | write | subscribe, TOPIC, tab between them.
#include <cstdio>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>

#include <aldis/access/acl_file.hpp>

namespace {

std::string_view next_field(std::string_view& line) {
    auto const field = line.substr(0, line.find('\t'));
    line.remove_prefix(std::min(field.size() + 1, line.size()));
    return field;
}

bool answer(aldis::access::acl_file const& file, std::string_view line) {
    auto const user = next_field(line);
    auto const client = next_field(line);
    auto const wanted = next_field(line);
    auto const rules = file.rules_for(user == "-" ? std::nullopt : std::optional(user), client);
    if (wanted == "read") return rules.may_read(line);
    if (wanted == "write") return rules.may_write(line);
    return rules.may_subscribe(line);
}

} // namespace

int main(int count, char* words[]) {
    if (count != 2) return 2;
    try {
        auto const file = aldis::access::acl_file::load(words[1]);
        for (std::string line; std::getline(std::cin, line);) std::puts(answer(file, line) ? "yes" : "no");
    } catch (std::exception const& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}
