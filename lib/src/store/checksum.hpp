// What a row of the store is held against when it is read: SQLite itself does not notice a bit that was turned over.
#pragma once

#include <cstdint>
#include <initializer_list>

#include <aldis/codec/bytes.hpp>

namespace aldis {

/// Fowler, Noll and Vo's hash, 1a, 64 bits: against damage, not against forgers.
class checksum {
public:
    checksum& add(bytes_view bytes) noexcept {
        for (auto const each : bytes) step(static_cast<std::uint8_t>(each));
        return *this;
    }
    checksum& add(std::int64_t number) noexcept {
        for (unsigned shift = 0; shift < 64; shift += 8) step(static_cast<std::uint8_t>(static_cast<std::uint64_t>(number) >> shift));
        return *this;
    }
    std::int64_t value() const noexcept { return static_cast<std::int64_t>(hash_); }

private:
    void step(std::uint8_t byte) noexcept { hash_ = (hash_ ^ byte) * 0x100000001B3ULL; }

    std::uint64_t hash_ = 0xCBF29CE484222325ULL;
};

inline std::int64_t mark_of(std::initializer_list<std::int64_t> numbers) noexcept {
    checksum sum;
    for (auto const each : numbers) sum.add(each);
    return sum.value();
}

} // namespace aldis
