// -V: every field, in tshark's words, below a line for each frame.
#include <aldis/follow/printers.hpp>

#include <aldis/dissect/text.hpp>

#include "finding_text.hpp"
#include "remarks.hpp"

namespace aldis::follow {
namespace {

class tree_printer final : public printer {
public:
    tree_printer(output& out, print_options const& wanted, bool color, bool live) noexcept : printer(out, wanted, live), colors_(palette_of(color)) {}

    void packet(record& r) override {
        bool const same = open_ && r.at.number == frame_ && r.of == of_;
        if (!same) open_frame(r);
        if (r.is_wrong()) append_wrong(r);
        append_found(r);
        dissect::view_options const view{.secrets = wanted().secrets};
        dissect::append_tree(trees_, *r.tree, view);
        if (wanted().bytes) dissect::append_bytes(trees_, *r.tree, view);
    }

    void forget(conversation const&) override { close_frame(); }

private:
    void open_frame(record const& r) {
        close_frame();
        open_ = true;
        frame_ = r.at.number;
        of_ = r.of;
        auto& out = text();
        out += colors_.dim;
        out += "Frame ";
        dissect::append_number(out, r.at.number);
        out += ": ";
        append_time(r.at);
        out += ' ';
        append_route(out, *r.of, r.from);
        out += ", conversation ";
        dissect::append_number(out, r.of->number);
        out += ", MQTT ";
        out += r.tree->version_known ? name_of(r.tree->version) : "of an unknown level";
        if (r.version_from == version_source::guess) out += " (guessed)";
        out += colors_.off;
        out += '\n';
    }

    /// Above the tree, so that the tree is Wireshark's.
    void append_wrong(record const& r) {
        auto& out = text();
        out += colors_.wrong;
        for (auto const& v : r.tree->violations) {
            out += "Packet ", dissect::append_number(out, r.pdu), out += " breaks [", out += v.id, out += "] at byte ";
            dissect::append_number(out, v.at), out += ": ", out += v.text, out += '\n';
        }
        if (r.tree->malformed) {
            out += "Packet ", dissect::append_number(out, r.pdu), out += " cannot be read from byte ";
            dissect::append_number(out, r.tree->malformed->at), out += " on: ", dissect::append_reason(out, *r.tree->malformed);
            out += " [", dissect::append_clause(out, *r.tree), out += "]\n";
        }
        out += colors_.off;
    }

    /// In the words of the lines, above the tree too.
    void append_found(record const& r) {
        found_.clear();
        append_findings(found_, r);
        if (found_.empty()) return;
        auto& out = text();
        out += colors_.dim;
        out += "Packet ", dissect::append_number(out, r.pdu), out += found_, out += colors_.off, out += '\n';
    }

    void close_frame() override {
        if (!open_) return;
        text() += trees_;
        text() += '\n';
        trees_.clear();
        open_ = false;
        out().may_flush();
    }

    palette const&      colors_;
    bool                open_ = false;
    std::uint64_t       frame_ = 0;
    conversation const* of_ = nullptr;
    std::string         trees_{}, found_{};
};

} // namespace

std::unique_ptr<printer> make_tree_printer(output& out, print_options const& wanted, bool color, bool live) {
    return std::make_unique<tree_printer>(out, wanted, color, live);
}

} // namespace aldis::follow
