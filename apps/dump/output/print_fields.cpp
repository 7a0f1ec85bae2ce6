// -T fields: a row for each frame, or packet, with the columns that were asked for.
#include "printers.hpp"

#include <algorithm>
#include <vector>

#include <aldis/dissect/text.hpp>

#include "columns.hpp"

namespace aldis::app::dump {
namespace {

class field_printer final : public printer {
public:
    field_printer(output& out, settings const& wanted, bool live) : printer(out, wanted, live), asked_(wanted.fields), values_(wanted.fields.names.size()) {
        for (auto const& name : wanted.fields.names) columns_.push_back(*find_column(name));
        if (!wanted.fields.header) return;
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            if (i > 0) text() += wanted.fields.separator;
            text() += wanted.fields.names[i];
        }
        text() += '\n';
    }

    void packet(record& r) override {
        bool const same = open_ && r.at.number == frame_ && r.of == of_;
        if (!same) close_frame();
        see_time(r.at);
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            if (columns_[i].frame == frame_column::none) append_fields(values_[i], columns_[i].field, r);
            else append_fact(values_[i], columns_[i].frame, r);
        }
        open_ = true;
        frame_ = r.at.number;
        of_ = r.of;
        if (wanted().one_per_packet) close_frame();
    }

    void forget(conversation const&) override { close_frame(); }

private:
    void append_fields(std::string& to, dissect::field id, record const& r) {
        auto const&                 t = *r.tree;
        dissect::view_options const view{.secrets = wanted().secrets};
        bool const                  remark = dissect::spec_of(id).is == dissect::kind::expert;
        for (auto const& n : t.nodes) {
            bool const same = n.id == id || (id == dissect::field::conack_reserved_byte && n.id == dissect::field::conack_reserved);
            if (!same || (remark && n.made)) continue;
            if (asked_.occurrence == 'f' && !to.empty()) return;
            if (asked_.occurrence == 'l') to.clear();
            if (!to.empty()) to += asked_.aggregator;
            dissect::append_value(to, t, n, view);
        }
    }

    void append_fact(std::string& to, frame_column which, record const& r) {
        if (which == frame_column::info) {
            if (!to.empty()) to += ", ";
            return dissect::append_info(to, *r.tree);
        }
        if (which == frame_column::violation) {
            for (auto const& v : r.tree->violations) to += to.empty() ? "" : asked_.aggregator, to += v.id;
            return;
        }
        if (which > frame_column::violation) return append_found(to, which, r);
        if (!to.empty()) return;                                   // of the frame: the same for each of its packets
        switch (which) {
        case frame_column::number: return dissect::append_number(to, r.at.number);
        case frame_column::time_epoch: return follow::append_seconds(to, r.at.time, 9);
        case frame_column::time_relative: return follow::append_seconds(to, since_first(r.at), 9);
        case frame_column::stream: return dissect::append_number(to, r.of->number);
        case frame_column::source: return (void)(to += r.source().address);
        case frame_column::target: return (void)(to += r.target().address);
        case frame_column::source_port: return dissect::append_number(to, r.source().port);
        case frame_column::target_port: return dissect::append_number(to, r.target().port);
        default: return;
        }
    }

    void append_found(std::string& to, frame_column which, record const& r) {
        found_.clear();
        append_finding(found_, which, r);
        if (found_.empty() || (asked_.occurrence == 'f' && !to.empty())) return;
        if (asked_.occurrence == 'l') to.clear();
        if (!to.empty()) to += asked_.aggregator;
        to += found_;
    }

    void close_frame() override {
        if (!open_) return;
        auto const& f = asked_;
        for (std::size_t i = 0; i < values_.size(); ++i) {
            if (i > 0) text() += f.separator;
            if (!values_[i].empty()) text() += f.quote, text() += values_[i], text() += f.quote;
            values_[i].clear();
        }
        text() += '\n';
        open_ = false;
        out().may_flush();
    }

    field_options const&     asked_;
    std::vector<column>      columns_{};
    std::vector<std::string> values_;
    std::string              found_{};
    bool                     open_ = false;
    std::uint64_t            frame_ = 0;
    conversation const*      of_ = nullptr;
};

} // namespace

std::unique_ptr<printer> make_field_printer(output& out, settings const& wanted, bool live) {
    return std::make_unique<field_printer>(out, wanted, live);
}

} // namespace aldis::app::dump
