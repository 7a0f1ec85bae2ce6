// Dissected packets as text: Wireshark's Info, its detail tree, JSON, single values, annotated bytes.
#pragma once

#include <string>
#include <string_view>

#include <aldis/dissect/tree.hpp>

namespace aldis::dissect {

/// What may be seen.
struct view_options {
    bool        secrets = false;                                   // passwords as they are, not "****"
    std::size_t most_bytes = 36;                                   // of a field of bytes, in the detail tree; as many as Wireshark shows
};

/// What Wireshark shows in its Info column: `Publish Message (id=5) [a/b]`. Ends with "[Malformed Packet]" where reading stopped.
void append_info(std::string& out, tree const& t);

/// The detail tree, as `tshark -O mqtt` prints it, from "MQ Telemetry Transport Protocol, Publish Message" on; lines end with a line feed.
void append_tree(std::string& out, tree const& t, view_options const& options);

/// One JSON object, a member for each field: numbers, booleans, strings; bytes as hexadecimal; an array where a field occurs several times;
/// properties as objects of their own.
void append_json_fields(std::string& out, tree const& t, view_options const& options);

/// The value of one field alone, as `tshark -T fields` prints it.
void append_value(std::string& out, tree const& t, node const& n, view_options const& options);

/// Why reading stopped, for people: "the packet ends inside Topic: 32 bytes wanted, 3 left".
void append_reason(std::string& out, stop const& why);

/// Appends what of the standard a malformed packet is not in line with: the statement or chapter of the rule that it breaks there, else the
/// chapter of its packet type ("3.3"), the same in each version. Nothing for a type that is none.
void append_clause(std::string& out, tree const& t);

/// The packet's bytes in lines of 16, and what each field's bytes are: `0002  00 03 61 2f 62 ...  ..a/b  Topic: a/b`.
void append_bytes(std::string& out, tree const& t, view_options const& options);

/// True when the value of `id` is not for everyone's eyes.
constexpr bool is_secret(field id) noexcept { return id == field::passwd; }

} // namespace aldis::dissect
