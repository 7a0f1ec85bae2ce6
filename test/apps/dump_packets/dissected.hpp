// Packets taken apart for tests, and what was printed of them.
#pragma once

#include <string>
#include <string_view>

#include <aldis/dissect/dissector.hpp>
#include <aldis/dissect/render.hpp>
#include <support/catch.hpp>
#include <support/hex.hpp>

namespace aldis::test {

/// A packet that owns its bytes, dissected.
class dissected {
public:
    explicit dissected(byte_buffer packet, dissect::circumstances known = {}) : packet_(std::move(packet)), tree_(dissector_(packet_, known)) {}
    dissected(std::string_view hex, protocol version) : dissected(from_hex(hex), dissect::circumstances{.version = version}) {}
    dissected(dissected const&) = delete;
    dissected& operator=(dissected const&) = delete;

    dissect::tree const& tree() const noexcept { return tree_; }

    std::string info() const {
        std::string out;
        dissect::append_info(out, tree_);
        return out;
    }
    std::string text(dissect::view_options view = {}) const {
        std::string out;
        dissect::append_tree(out, tree_, view);
        return out;
    }
    std::string json(dissect::view_options view = {}) const {
        std::string out;
        dissect::append_json_fields(out, tree_, view);
        return out;
    }
    std::string bytes(dissect::view_options view = {}) const {
        std::string out;
        dissect::append_bytes(out, tree_, view);
        return out;
    }
    std::string reason() const {
        std::string out;
        if (tree_.malformed) dissect::append_reason(out, *tree_.malformed);
        return out;
    }
    /// "MQTT-3.3.1-4@0 2.1.4@7"
    std::string violations() const {
        std::string out;
        for (auto const& v : tree_.violations) {
            if (!out.empty()) out += ' ';
            out += std::string{v.id} + '@' + std::to_string(v.at);
        }
        return out;
    }

private:
    byte_buffer          packet_;
    dissect::dissector   dissector_{};
    dissect::tree const& tree_;
};

} // namespace aldis::test
