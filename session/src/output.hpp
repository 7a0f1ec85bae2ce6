// The bytes on their way to the transport: one batch frozen while it is being written, one filling.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include <aldis/codec/bytes.hpp>

namespace aldis::session {

class output {
public:
    /// Where heads and small packets are appended.
    byte_buffer& run() noexcept { return filling_.run; }

    /// Appends a payload: copies a small one, refers to a large one and holds its owner until it is sent.
    void append_payload(bytes_view payload, std::shared_ptr<void const> const& owner);

    /// Undoes everything appended since `mark` was taken.
    struct mark { std::size_t run; std::size_t pieces; };
    mark position() const noexcept { return {filling_.run.size(), filling_.pieces.size()}; }
    void rewind(mark to) noexcept;

    std::size_t filling() const noexcept { return filling_.run.size() + filling_.referred; }
    std::size_t size() const noexcept { return filling() + frozen_left_; }
    bool frozen() const noexcept { return frozen_left_ != 0; }

    /// Freezes what is filling when nothing is frozen; then shows at most 64 pieces of the frozen batch.
    std::span<bytes_view const> pending();
    void sent(std::size_t n) noexcept;

    /// Forgets what was not frozen yet.
    void drop_filling() noexcept;

private:
    /// A payload that stands between two stretches of the run.
    struct piece {
        std::size_t                 at = 0;                        // the run's size when it was put
        bytes_view                  bytes{};
        std::shared_ptr<void const> owner{};
    };
    struct batch {
        byte_buffer        run{};
        std::vector<piece> pieces{};
        std::size_t        referred = 0;
    };

    void freeze();

    batch                   filling_{};
    batch                   frozen_{};
    std::vector<bytes_view> views_{};                              // the frozen batch in order
    std::size_t             first_ = 0;                            // the first view not wholly sent
    std::size_t             frozen_left_ = 0;
};

} // namespace aldis::session
