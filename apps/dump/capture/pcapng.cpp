// The pcapng format: blocks; sections of either byte order, interfaces with a clock of their own, secrets.
#include "frame_reader.hpp"
#include "integers.hpp"

#include <algorithm>
#include <vector>

namespace aldis::app::dump {
namespace {

constexpr std::uint32_t section_block = 0x0A0D0D0A;
constexpr std::uint32_t interface_block = 1;
constexpr std::uint32_t old_packet_block = 2;
constexpr std::uint32_t simple_packet_block = 3;
constexpr std::uint32_t enhanced_packet_block = 6;
constexpr std::uint32_t secrets_block = 10;

constexpr std::uint32_t tls_key_log = 0x544C534B;                  // "TLSK"
constexpr std::uint32_t order_mark = 0x1A2B3C4D;
constexpr std::uint32_t max_block = 16U << 20;                     // a block that is kept while it is read
constexpr std::size_t   max_interfaces = 4096;

__extension__ using wide = unsigned __int128;

struct interface_clock {
    std::uint16_t link = 0;
    std::uint32_t snap = 0;
    std::uint64_t units = 1'000'000;                               // in a second
    std::int64_t  offset = 0;                                      // seconds

    std::int64_t time(std::uint64_t ticks) const noexcept {
        auto const seconds = ticks / units;
        auto const rest = ticks % units;
        auto const fraction = static_cast<std::uint64_t>(static_cast<wide>(rest) * 1'000'000'000U / units);
        // Damaged clocks wrap around instead of overflowing.
        return static_cast<std::int64_t>((seconds + static_cast<std::uint64_t>(offset)) * 1'000'000'000U + fraction);
    }
};

std::uint64_t power(std::uint64_t base, unsigned exponent, unsigned largest) noexcept {
    std::uint64_t value = 1;
    for (unsigned i = 0; i < std::min(exponent, largest); ++i) value *= base;
    return value;
}

class pcapng_reader final : public frame_reader {
public:
    pcapng_reader(input_buffer from, std::string const& name, secrets_handler on_secrets)
        : in_(std::move(from)), name_(name), on_secrets_(std::move(on_secrets)) {}

    bool next(captured_frame& into) override {
        for (;;) {
            in_.skip(read_);
            read_ = 0;
            if (!next_block()) return false;
            if (take(into)) return true;
        }
    }

    std::string early_end() const override { return early_end_; }
    progress    position() const noexcept override { return {in_.offset(), in_.total()}; }

private:
    bool next_block();
    bool begin_section();
    bool take(captured_frame& into);
    bool take_frame(captured_frame& into, unsigned interface, std::size_t head);
    bool take_simple(captured_frame& into);
    void add_interface();
    void take_secrets();

    bool cut(std::size_t got) {
        early_end_ = name_ + " ends within the block at byte " + std::to_string(in_.offset()) + ", behind frame " + std::to_string(frames_)
                     + ", after " + std::to_string(got) + " bytes of it. The capture was cut off, or is still being written.";
        return false;
    }
    [[noreturn]] void damaged(std::string const& what) const {
        throw input_error(name_ + ": the block at byte " + std::to_string(in_.offset()) + ", behind frame " + std::to_string(frames_) + ", " + what
                          + ". The file is damaged from there on: copy or capture it again.");
    }
    void need(std::size_t size) const {
        if (body_.size() < size) damaged("is too short for its type " + std::to_string(type_));
    }

    input_buffer                 in_;
    std::string                  name_;
    secrets_handler              on_secrets_;
    file_order                   order_{};
    std::vector<interface_clock> interfaces_{};
    std::uint64_t                frames_ = 0;
    std::string                  early_end_{};
    // the block that is looked at
    std::uint32_t type_ = 0;
    bytes_view    body_{};
    std::size_t   read_ = 0;
};

// Finds the next block that fits in memory; others are passed over.
bool pcapng_reader::next_block() {
    for (;;) {
        auto bytes = in_.peek(12);
        if (bytes.empty()) return false;
        if (bytes.size() < 12) return cut(bytes.size());
        if (be32(bytes, 0) == section_block && !begin_section()) return false;
        bytes = in_.peek(12);
        type_ = order_.u32(bytes, 0);
        auto const size = order_.u32(bytes, 4);
        if (size < 12 || size % 4 != 0) damaged("says it has " + std::to_string(size) + " bytes, which no block can have");
        if (size > max_block) {
            if (type_ == enhanced_packet_block || type_ == section_block) damaged("says it has " + std::to_string(size) + " bytes, more than a frame can");
            if (auto const passed = in_.pass(size); passed < size) return cut(static_cast<std::size_t>(passed));
            continue;
        }
        if (bytes.size() < size) bytes = in_.peek(size);
        if (bytes.size() < size) return cut(bytes.size());
        if (order_.u32(bytes, size - 4) != size) damaged("ends with another size than it begins with");
        body_ = bytes.subspan(8, size - 12);
        read_ = size;
        return true;
    }
}

bool pcapng_reader::begin_section() {
    auto const bytes = in_.peek(28);
    if (bytes.size() < 28) return cut(bytes.size());
    order_.big = be32(bytes, 8) == order_mark;
    if (order_.u32(bytes, 8) != order_mark) damaged("begins a section without a byte-order mark");
    if (auto const major = order_.u16(bytes, 12); major != 1) damaged("begins a section of version " + std::to_string(major) + ", of which 1 is known");
    interfaces_.clear();
    return true;
}

// The block's frame, if it is one.
bool pcapng_reader::take(captured_frame& into) {
    switch (type_) {
    case interface_block: return add_interface(), false;
    case secrets_block: return take_secrets(), false;
    case simple_packet_block: return take_simple(into);
    case enhanced_packet_block: need(20); return take_frame(into, order_.u32(body_, 0), 20);
    case old_packet_block: need(20); return take_frame(into, order_.u16(body_, 0), 20);
    default: return false;
    }
}

bool pcapng_reader::take_frame(captured_frame& into, unsigned interface, std::size_t head) {
    if (interface >= interfaces_.size()) damaged("is of interface " + std::to_string(interface) + ", which was not described");
    auto const& from = interfaces_[interface];
    auto const  captured = order_.u32(body_, 12);
    if (captured > body_.size() - head) damaged("is shorter than the frame it says it holds");
    into.at = {++frames_, from.time(std::uint64_t{order_.u32(body_, 4)} << 32 | order_.u32(body_, 8))};
    into.link = from.link;
    into.data = body_.subspan(head, captured);
    into.size = std::max(order_.u32(body_, 16), captured);
    return true;
}

// Neither time nor interface: the first one, and how much was kept follows from its snap length.
bool pcapng_reader::take_simple(captured_frame& into) {
    need(4);
    if (interfaces_.empty()) damaged("is a frame before any interface was described");
    auto const& from = interfaces_.front();
    auto const  size = order_.u32(body_, 0);
    auto        captured = std::min<std::size_t>(size, body_.size() - 4);
    if (from.snap != 0) captured = std::min<std::size_t>(captured, from.snap);
    into.at = {++frames_, 0};
    into.link = from.link;
    into.data = body_.subspan(4, captured);
    into.size = std::max<std::uint64_t>(size, captured);
    return true;
}

void pcapng_reader::add_interface() {
    need(8);
    if (interfaces_.size() == max_interfaces) damaged("describes one interface more than " + std::to_string(max_interfaces));
    interface_clock described{.link = order_.u16(body_, 0), .snap = order_.u32(body_, 4)};
    for (std::size_t at = 8; at + 4 <= body_.size();) {
        auto const code = order_.u16(body_, at);
        auto const size = order_.u16(body_, at + 2);
        at += 4;
        if (code == 0 || size > body_.size() - at) break;
        if (code == 9 && size >= 1) {
            auto const resolution = u8(body_, at);
            described.units = resolution & 0x80 ? power(2, resolution & 0x7F, 63) : power(10, resolution, 19);
        }
        if (code == 14 && size >= 8) described.offset = static_cast<std::int64_t>(order_.u64(body_, at));
        at += (size + 3U) & ~std::size_t{3};
    }
    interfaces_.push_back(described);
}

void pcapng_reader::take_secrets() {
    need(8);
    auto const size = order_.u32(body_, 4);
    if (size > body_.size() - 8) damaged("is shorter than the secrets it says it holds");
    if (order_.u32(body_, 0) == tls_key_log && on_secrets_) on_secrets_(body_.subspan(8, size));
}

} // namespace

std::unique_ptr<frame_reader> open_pcapng(input_buffer from, std::string const& name, secrets_handler on_secrets) {
    return std::make_unique<pcapng_reader>(std::move(from), name, std::move(on_secrets));
}

} // namespace aldis::app::dump
