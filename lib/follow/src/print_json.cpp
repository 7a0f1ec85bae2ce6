// --json: one object for each packet.
#include <aldis/follow/printers.hpp>

#include <array>

#include <aldis/dissect/text.hpp>

#include "finding_text.hpp"

namespace aldis::follow {
namespace {

constexpr std::array<std::string_view, 5> carriers{"tcp", "tls", "ws", "wss", "raw"};
constexpr std::array<std::string_view, 3> sources{"connect", "guess", "option"};

class json_printer final : public printer {
public:
    using printer::printer;

    void packet(record& r) override {
        auto&       out = text();
        auto const& t = *r.tree;
        see_time(r.at);
        out += "{\"frame\":", dissect::append_number(out, r.at.number);
        out += ",\"pdu\":", dissect::append_number(out, r.pdu);
        out += ",\"time\":\"", append_seconds(out, r.at.time, 9);
        out += '"';
        append_conversation(r);
        append_version(r);
        out += ",\"info\":\"";
        info_.clear();
        dissect::append_info(info_, t);
        append_escaped_info();
        out += "\",\"mqtt\":";
        dissect::append_json_fields(out, t, {.secrets = wanted().secrets});
        append_malformed(t);
        out += t.truncated ? ",\"truncated\":true" : ",\"truncated\":false";
        append_expert(t);
        append_violations(t);
        append_x(r);
        out += "}\n";
        this->out().may_flush();
    }

    void gap(conversation const& of, unsigned from, frame_stamp at, hole const& what) override { printer::gap(of, from, at, what); }

private:
    void append_conversation(record const& r) {
        if (prefixed_ != r.of || prefixed_number_ != r.of->number || prefixed_from_ != r.from || prefixed_by_ != r.by) {
            prefixed_ = r.of, prefixed_number_ = r.of->number, prefixed_from_ = r.from, prefixed_by_ = r.by;
            prefix_.clear();
            prefix_ += ",\"stream\":", dissect::append_number(prefix_, r.of->number);
            append_end(",\"src\":", ",\"sport\":", r.source());
            append_end(",\"dst\":", ",\"dport\":", r.target());
            if (r.by != sender::either) prefix_ += r.by == sender::client ? ",\"dir\":\"c2s\"" : ",\"dir\":\"s2c\"";
            prefix_ += ",\"transport\":\"", prefix_ += carriers[static_cast<std::size_t>(r.of->via)], prefix_ += '"';
        }
        text() += prefix_;
    }

    void append_end(std::string_view address, std::string_view port, peer const& end) {
        prefix_ += address, dissect::append_json_string(prefix_, end.address);
        prefix_ += port, dissect::append_number(prefix_, end.port);
    }

    void append_version(record const& r) {
        auto& out = text();
        out += ",\"version\":";
        if (r.tree->version_known) dissect::append_number(out, static_cast<unsigned>(r.tree->version));
        else out += "null";
        out += ",\"version_src\":\"", out += sources[static_cast<std::size_t>(r.version_from)], out += '"';
    }

    /// Info is escaped for eyes already; for JSON its own marks are escaped again.
    void append_escaped_info() { dissect::append_json(text(), info_); }

    void append_malformed(dissect::tree const& t) {
        auto& out = text();
        if (!t.malformed) return (void)(out += ",\"malformed\":null");
        out += ",\"malformed\":{\"at\":", dissect::append_number(out, t.malformed->at);
        out += ",\"reason\":\"";
        info_.clear();
        dissect::append_reason(info_, *t.malformed);
        dissect::append_json(out, info_);
        out += "\",\"clause\":\"";
        dissect::append_clause(out, t);
        out += "\"}";
    }

    void append_expert(dissect::tree const& t) {
        auto& out = text();
        char  before = '[';
        out += ",\"expert\":";
        // Each once: they stand in the order of their fields.
        for (auto const id : {dissect::field::illegal_topic_length, dissect::field::unknown_topic_alias, dissect::field::unknown_version}) {
            for (auto const& n : t.nodes) {
                if (n.id != id || n.made) continue;
                out += before, out += '"', out += dissect::spec_of(id).name, out += '"';
                before = ',';
                break;
            }
        }
        if (before == '[') out += before;
        out += ']';
    }

    void append_violations(dissect::tree const& t) {
        auto& out = text();
        char  before = '[';
        out += ",\"violations\":";
        for (auto const& v : t.violations) {
            out += before, out += "{\"id\":", dissect::append_json_string(out, v.id);
            out += ",\"at\":", dissect::append_number(out, v.at);
            out += ",\"text\":", dissect::append_json_string(out, v.text), out += '}';
            before = ',';
        }
        if (before == '[') out += before;
        out += ']';
    }

    void append_x(record const& r) {
        auto& out = text();
        char  before = '{';
        auto const key = [&](std::string_view name) { out += before, out += '"', out += name, out += "\":", before = ','; };
        out += ",\"x\":";
        if (!r.client.empty()) key("client"), dissect::append_json_string(out, r.client);
        if (r.what().topic_resolved) key("resolved_topic"), dissect::append_json_string(out, r.what().topic);
        if (r.before != nullptr) key("gap"), append_gap(*r.before);
        if (wanted().payload == payload_form::text || wanted().payload == payload_form::json) append_payload_member(r, key);
        before = append_findings_json(out, r, before);
        for (auto const& each : r.extras)
            if (!each.json.empty()) key(each.key), out += each.json;
        if (before == '{') out += before;
        out += '}';
    }

    void append_gap(hole const& what) {
        auto& out = text();
        out += "{\"lost\":", dissect::append_number(out, what.lost), out += ",\"skipped\":", dissect::append_number(out, what.skipped);
        out += ",\"seconds\":", append_seconds(out, what.pause, 9), out += what.snapped ? ",\"snapped\":true}" : ",\"snapped\":false}";
    }

    template <class Key>
    void append_payload_member(record const& r, Key const& key) {
        auto const payload = to_text(r.what().payload);
        if (!r.what().has_payload || !dissect::is_readable(payload)) return;
        key("payload"), dissect::append_json_string(text(), payload);
    }

    std::string         prefix_{}, info_{};
    conversation const* prefixed_ = nullptr;
    std::uint32_t       prefixed_number_ = 0;
    unsigned            prefixed_from_ = 0;
    sender              prefixed_by_ = sender::either;
};

} // namespace

std::unique_ptr<printer> make_json_printer(output& out, print_options const& wanted, bool live) {
    return std::make_unique<json_printer>(out, wanted, live);
}

} // namespace aldis::follow
