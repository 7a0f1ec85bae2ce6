// splitter: a stream cut anywhere gives the same frames and the same fault as the stream in one piece.
#include "fuzz.hpp"

#include <algorithm>
#include <optional>
#include <vector>

using namespace aldis;

namespace {

struct seen_frame {
    packet_type  type{};
    std::uint8_t flags = 0;
    byte_buffer  body{};
    friend bool  operator==(seen_frame const&, seen_frame const&) = default;
};

struct outcome {
    std::vector<seen_frame>     frames{};
    std::optional<codec::fault> broken{};
    std::size_t                 left = 0;
    friend bool                 operator==(outcome const&, outcome const&) = default;
};

outcome whole(bytes_view in, std::size_t max_size) {
    outcome out;
    for (;;) {
        auto const next = codec::next_frame(in, max_size);
        if (!next) out.broken = next.error();
        out.left = in.size();
        if (!next || !*next) return out;
        auto const& f = **next;
        out.frames.push_back({f.type, f.flags, {f.body.begin(), f.body.end()}});
        in = in.subspan(f.size);
    }
}

/// The same through a frame_buffer, with pieces as long as `sizes` says, over and over.
outcome pieces(bytes_view in, bytes_view sizes, std::size_t max_size) {
    outcome             out;
    codec::frame_buffer buffer;
    std::size_t         turn = 0;
    while (!in.empty() && !out.broken) {
        auto const space = buffer.prepare();
        auto const wanted = 1U + std::to_integer<unsigned>(sizes[turn++ % sizes.size()]);
        auto const count = std::min({std::size_t{wanted}, space.size(), in.size()});
        fuzz::check(count > 0, "prepare gives at least one byte");
        std::copy_n(in.begin(), count, space.begin());
        buffer.commit(count);
        in = in.subspan(count);
        for (;;) {
            auto const next = buffer.next(max_size);
            if (!next) out.broken = next.error();
            if (!next || !*next) break;
            out.frames.push_back({(*next)->type, (*next)->flags, {(*next)->body.begin(), (*next)->body.end()}});
        }
        fuzz::check(buffer.size() <= buffer.capacity(), "what is buffered has its place");
        fuzz::check(buffer.capacity() <= 2 * max_size + 8192, "memory is bounded by the largest packet");
    }
    out.left = buffer.size() + in.size();
    if (out.broken) fuzz::check(!buffer.next(max_size).has_value(), "a fault is terminal");
    return out;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size < 5) return 0;
    std::size_t const      max_size = 2U + data[0] * 16U;
    fuzz::exact_copy const sizes{data + 1, 4};
    fuzz::exact_copy const input{data + 5, size - 5};

    auto const expected = whole(input.view(), max_size);
    fuzz::check(pieces(input.view(), sizes.view(), max_size) == expected, "cut anywhere, the stream says the same");
    return 0;
}
