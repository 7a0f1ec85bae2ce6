// The default output: a line for each frame, as tshark prints it, or for each packet.
#include <aldis/follow/printers.hpp>

#include <aldis/dissect/text.hpp>

#include "remarks.hpp"

namespace aldis::follow {
namespace {

class line_printer final : public printer {
public:
    line_printer(output& out, print_options const& wanted, bool color, bool live) noexcept
        : printer(out, wanted, live), colors_(palette_of(color)), colored_(color) {}

    void packet(record& r) override {
        bool const same = packets_ > 0 && r.at.number == at_.number && r.of == of_ && r.from == from_;
        if (!same) close_frame();
        if (packets_ == 0) open(r);
        add(r);
        if (wanted().one_per_packet || wanted().bytes) close_frame();
    }

    void gap(conversation const& of, unsigned from, frame_stamp at, hole const& what) override {
        close_frame();
        of_ = &of, from_ = from, at_ = at;
        append_front(false);
        text() += "MQTT - [", append_hole(text(), what), text() += "]\n";
    }

    void forget(conversation const&) override { close_frame(); }

private:
    void open(record const& r) {
        of_ = r.of, from_ = r.from, at_ = r.at, by_ = r.by, pdu_ = r.pdu;
        bytes_ = 0;
    }

    void add(record const& r) {
        if (packets_ > 0) infos_ += ", ";
        dissect::append_info(infos_, *r.tree);
        bytes_ += r.tree->size;
        if (packets_ == 0) append_facts(facts_, r, wanted());
        if (r.is_wrong() || r.tree->truncated) {
            if (packets_ > 0) wrongs_ += " #", dissect::append_number(wrongs_, r.pdu);
            append_wrongs(wrongs_, r, colors_);
        }
        if (wanted().bytes) dissect::append_bytes(below_, *r.tree, {.secrets = wanted().secrets});
        ++packets_;
    }

    /// "   12   0.034567 127.0.0.1:40404 → 127.0.0.1:1883 ", or "12.0" where each packet has its line.
    void append_front(bool with_pdu) {
        auto&      out = text();
        auto const begin = out.size();
        dissect::append_number(out, at_.number);
        if (with_pdu) out += '.', dissect::append_number(out, pdu_);
        auto const width = out.size() - begin;
        if (width < 5) out.insert(begin, 5 - width, ' ');
        out += ' ';
        auto const time = out.size();
        append_time(at_);
        if (out.size() - time < 10) out.insert(time, 10 - (out.size() - time), ' ');
        out += ' ';
        append_route_cached(out);
        out += ' ';
    }

    void append_route_cached(std::string& out) {
        if (routed_ != of_ || routed_number_ != of_->number || routed_from_ != from_) {
            route_.clear();
            append_route(route_, *of_, from_);
            routed_ = of_, routed_number_ = of_->number, routed_from_ = from_;
        }
        out += route_;
    }

    void close_frame() override {
        if (packets_ == 0) return;
        append_front(wanted().one_per_packet);
        auto& out = text();
        out += "MQTT ";
        dissect::append_number(out, bytes_);
        out += ' ';
        if (colored_) out += by_ == sender::client ? colors_.client : by_ == sender::server ? colors_.server : std::string_view{};
        out += infos_;
        out += colors_.off;
        bool const facts = packets_ == 1 && !facts_.empty();
        if (facts || !wrongs_.empty()) out += ' ';
        if (facts) out += colors_.dim, out += facts_, out += colors_.off;
        out += wrongs_;
        out += '\n';
        out += below_;
        infos_.clear(), facts_.clear(), wrongs_.clear(), below_.clear();
        packets_ = 0;
        this->out().may_flush();
    }

    palette const&      colors_;
    bool                colored_;
    conversation const* of_ = nullptr;
    unsigned            from_ = 0;
    frame_stamp         at_{};
    sender              by_ = sender::either;
    std::uint32_t       pdu_ = 0;
    std::size_t         packets_ = 0;
    std::size_t         bytes_ = 0;
    std::string         infos_{}, facts_{}, wrongs_{}, below_{};
    conversation const* routed_ = nullptr;
    std::uint32_t       routed_number_ = 0;
    unsigned            routed_from_ = 0;
    std::string         route_{};
};

} // namespace

std::unique_ptr<printer> make_line_printer(output& out, print_options const& wanted, bool color, bool live) {
    return std::make_unique<line_printer>(out, wanted, color, live);
}

} // namespace aldis::follow
