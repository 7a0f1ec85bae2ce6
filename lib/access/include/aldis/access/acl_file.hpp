// Which topics a client may publish, subscribe and receive, in the format of mosquitto's acl_file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <aldis/access/file_error.hpp>

namespace aldis::access {

/// What a rule is about. `deny` takes back what other rules give; `subscribe` names filters, the others topics.
enum class acl_word : std::uint8_t { read, write, readwrite, subscribe, deny };

struct acl_rule {
    std::string filter{};
    acl_word    what = acl_word::readwrite;
};

/// The rules that hold for one client. Made once for each connection; unchanged when the file is read again. Each call looks at all of them.
class access_rules {
public:
    /// Whether a message may go to, or come from, this topic name: no `deny` matches it, and some rule gives it.
    bool may_read(std::string_view topic) const noexcept;
    bool may_write(std::string_view topic) const noexcept;

    /// Whether `filter`, with or without `$share/name/`, may be subscribed to. Refused when `deny` covers it, or when no message that it
    /// matches may be read; where the client has `subscribe` rules, also when none of them covers it. What is delivered then is for may_read().
    bool may_subscribe(std::string_view filter) const noexcept;

private:
    friend class acl_file;
    using rules = std::vector<acl_rule>;

    template <class Matches>
    bool any(Matches matches) const noexcept;
    bool may(std::string_view topic, acl_word wanted) const noexcept;

    std::shared_ptr<rules const> own_{};                           // of the user, or of everybody without a name
    rules                        from_patterns_{};
};

/// Lines of the form
///
///     topic   [read|write|readwrite|subscribe|deny] FILTER      for clients without a user name, or for the user named last
///     user    NAME                                              whom the next `topic` lines are for
///     pattern [read|write|readwrite|subscribe|deny] FILTER      for all clients; %c stands for the client identifier, %u for the user name
///
/// and comments that begin with `#`. Without a word a rule gives reading and writing. `deny` goes before everything else, wherever it stands.
/// A pattern with %u is nothing to clients without a name, and a name or identifier with `+` or `#` in it gets nothing from a pattern.
/// At most 16 MiB and 100,000 rules.
class acl_file {
public:
    acl_file();

    /// Takes `text` for the content of a file called `name`. Throws file_error with the number of the line that is wrong.
    static acl_file parse(std::string_view text, std::string_view name = "ACL file");
    static acl_file load(std::string const& path);

    /// Copies the patterns, with the names put in; shares the rest.
    access_rules rules_for(std::optional<std::string_view> user, std::string_view client_id) const;

    /// Rules and patterns.
    std::size_t size() const noexcept { return size_; }

private:
    using rules = access_rules::rules;
    struct reader;

    std::unordered_map<std::string, std::shared_ptr<rules>> of_users_{};
    std::shared_ptr<rules>                                  of_nameless_;
    rules                                                   patterns_{};
    std::size_t                                             size_ = 0;
};

} // namespace aldis::access
