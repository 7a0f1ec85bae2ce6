// permessage-deflate: RFC 7692.
#pragma once

#include <cstddef>
#include <memory>

#include <aldis/codec/bytes.hpp>

namespace aldis::app::dump {

/// Inflates the messages of one direction.
class inflater {
public:
    /// What one takes in memory, about.
    static constexpr std::size_t footprint = 48U << 10;
    /// No message is larger when it is inflated.
    static constexpr std::size_t max_message = 64U << 20;

    inflater();
    ~inflater();
    inflater(inflater const&) = delete;
    inflater& operator=(inflater const&) = delete;

    /// Inflates the next piece of a message, and calls `bring` with what that gives, piece by piece. False: damaged or too large; it cannot
    /// go on.
    template <class Bring>
    bool feed(bytes_view piece, Bring bring) {
        begin(piece);
        for (;;) {
            auto const out = next();
            if (!out.empty()) bring(out);
            if (is_broken()) return false;
            if (out.empty()) return true;
        }
    }
    /// The message is over; `forget`: the next one knows nothing of it (no_context_takeover).
    template <class Bring>
    bool finish(bool forget, Bring bring) {
        constexpr std::byte tail[]{std::byte{0}, std::byte{0}, std::byte{0xFF}, std::byte{0xFF}};
        auto const fine = feed(tail, bring);
        message_done(forget);
        return fine;
    }

private:
    struct state;

    void       begin(bytes_view piece) noexcept;
    bytes_view next() noexcept;
    bool       is_broken() const noexcept;
    void       message_done(bool forget) noexcept;

    std::unique_ptr<state> state_;
};

} // namespace aldis::app::dump
