// The fields of a packet as one JSON object.
#include <aldis/dissect/render.hpp>
#include <aldis/dissect/text.hpp>

#include <array>

namespace aldis::dissect {
namespace {

/// `"mqtt.topic":` for each field, ready to be copied.
std::array<std::string, field_count> const keys = [] {
    std::array<std::string, field_count> all;
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = '"' + std::string{spec_of(static_cast<field>(i)).name} + "\":";
    return all;
}();

class object_writer {
public:
    object_writer(std::string& out, tree const& t, view_options const& options) noexcept : out_(out), t_(t), options_(options) {}

    /// Members for nodes [begin, end).
    void write(std::size_t begin, std::size_t end) {
        char before = '{';
        for (std::size_t i = begin; i < end; i = behind(i)) {
            auto const& n = t_.nodes[i];
            if (n.again || spec_of(n.id).is == kind::expert) continue;
            out_ += before;
            out_ += keys[static_cast<std::size_t>(n.id)];
            before = ',';
            if (n.next == 0) write_value(i);
            else write_array(i);
        }
        if (before == '{') out_ += before;
        out_ += '}';
    }

private:
    /// The node behind `i` and what is in it.
    std::size_t behind(std::size_t i) const noexcept {
        auto const& n = t_.nodes[i];
        return i + 1 + (spec_of(n.id).is == kind::group ? static_cast<std::size_t>(n.number) : 0);
    }

    void write_array(std::size_t first) {
        char before = '[';
        for (std::size_t i = first;; i = t_.nodes[i].next) {
            out_ += before;
            before = ',';
            write_value(i);
            if (t_.nodes[i].next == 0) break;
        }
        out_ += ']';
    }

    void write_value(std::size_t i) {
        auto const& n = t_.nodes[i];
        switch (spec_of(n.id).is) {
        case kind::decimal:
        case kind::hexadecimal: return append_number(out_, n.number);
        case kind::boolean: return (void)(out_ += n.number != 0 ? "true" : "false");
        case kind::text:
            if (is_secret(n.id) && !options_.secrets) return (void)(out_ += "\"****\"");
            return append_json_string(out_, t_.text_of(n));
        case kind::bytes:
            out_ += '"';
            append_hex(out_, t_.bytes_of(n));
            out_ += '"';
            return;
        case kind::group: return write(i + 1, behind(i));
        case kind::expert: return;
        }
    }

    std::string&        out_;
    tree const&         t_;
    view_options const& options_;
};

} // namespace

void append_json_fields(std::string& out, tree const& t, view_options const& options) {
    object_writer{out, t, options}.write(0, t.nodes.size());
}

} // namespace aldis::dissect
