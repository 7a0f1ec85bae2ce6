// What the targets share: a check that ends the process, and input in memory of exactly its size.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

#include <aldis/codec/decode.hpp>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size);

namespace aldis::fuzz {

/// Ends the process, loudly, when `holds` is false: a finding.
inline void check(bool holds, char const* what) {
    if (holds) return;
    std::fprintf(stderr, "finding: %s\n", what);
    std::abort();
}

/// A copy on the heap without a byte to spare, so that a sanitizer sees the first byte read behind the end.
class exact_copy {
public:
    exact_copy(std::uint8_t const* data, std::size_t size) : bytes_(size == 0 ? nullptr : new std::byte[size]), size_(size) {
        if (size != 0) std::memcpy(bytes_.get(), data, size);
    }

    bytes_view       view() const noexcept { return {bytes_.get(), size_}; }
    std::string_view text() const noexcept { return to_text(view()); }

private:
    std::unique_ptr<std::byte[]> bytes_;
    std::size_t                  size_;
};

/// The version and the direction that the first byte of an input stands for.
inline codec::context context_of(std::uint8_t choice) noexcept {
    constexpr protocol versions[] = {protocol::v5, protocol::v3_1_1, protocol::v3_1};
    constexpr sender   senders[] = {sender::either, sender::client, sender::server};
    return {versions[choice % 3], senders[choice / 3 % 3]};
}

} // namespace aldis::fuzz
