// The classic pcap format: one head, then frames; microseconds or nanoseconds, in either byte order.
#include "frame_reader.hpp"
#include "integers.hpp"

#include <algorithm>

namespace aldis::app::dump {
namespace {

constexpr std::size_t head_size = 24;
constexpr std::size_t frame_head_size = 16;

class pcap_reader final : public frame_reader {
public:
    pcap_reader(input_buffer from, std::string const& name) : in_(std::move(from)), name_(name) {
        auto const head = in_.peek(head_size);
        if (head.size() < head_size)
            throw input_error(name_ + ": the pcap head of 24 bytes ends after " + std::to_string(head.size()) + ": copy the file again.");
        auto const magic = be32(head, 0);
        order_.big = magic == 0xA1B2C3D4 || magic == 0xA1B23C4D || magic == 0xA1B2CD34;
        auto const value = order_.u32(head, 0);
        nanoseconds_ = value == 0xA1B23C4D;
        // A format of old Linux systems has 8 more bytes in the head of each frame.
        frame_head_ = value == 0xA1B2CD34 ? frame_head_size + 8 : frame_head_size;
        link_ = static_cast<std::uint16_t>(order_.u32(head, 20) & 0xFFFF);
        in_.skip(head_size);
    }

    bool next(captured_frame& into) override {
        auto bytes = in_.peek(frame_head_);
        if (bytes.size() < frame_head_) return bytes.empty() ? false : cut(bytes.size(), frame_head_);
        auto const captured = order_.u32(bytes, 8);
        if (captured > max_frame) too_long(captured);
        if (bytes.size() < frame_head_ + captured) {
            bytes = in_.peek(frame_head_ + captured);
            if (bytes.size() < frame_head_ + captured) return cut(bytes.size(), frame_head_ + captured);
        }
        into.at.number = ++frames_;
        into.at.time = std::int64_t{order_.u32(bytes, 0)} * 1'000'000'000 + std::int64_t{order_.u32(bytes, 4)} * (nanoseconds_ ? 1 : 1000);
        into.link = link_;
        into.data = bytes.subspan(frame_head_, captured);
        into.size = std::max(order_.u32(bytes, 12), captured);
        in_.skip(frame_head_ + captured);
        return true;
    }

    std::string early_end() const override { return early_end_; }
    progress    position() const noexcept override { return {in_.offset(), in_.total()}; }

private:
    bool cut(std::size_t got, std::size_t wanted) {
        early_end_ = name_ + " ends within frame " + std::to_string(frames_ + 1) + ", at byte " + std::to_string(in_.offset() + got) + ": "
                     + std::to_string(wanted - got) + " bytes of it are not there. The capture was cut off, or is still being written.";
        return false;
    }
    [[noreturn]] void too_long(std::uint32_t captured) const {
        throw input_error(name_ + ": frame " + std::to_string(frames_ + 1) + " at byte " + std::to_string(in_.offset()) + " says it has "
                          + std::to_string(captured) + " bytes; no frame has more than " + std::to_string(max_frame)
                          + ". The file is damaged from there on: copy or capture it again.");
    }

    input_buffer  in_;
    std::string   name_;
    file_order    order_{};
    bool          nanoseconds_ = false;
    std::size_t   frame_head_ = frame_head_size;
    std::uint16_t link_ = 0;
    std::uint64_t frames_ = 0;
    std::string   early_end_{};
};

constexpr std::uint32_t pcap_magics[]{0xA1B2C3D4, 0xA1B23C4D, 0xA1B2CD34};

bool is_pcap(std::uint32_t magic) noexcept {
    for (auto const one : pcap_magics)
        if (magic == one || magic == __builtin_bswap32(one)) return true;
    return false;
}

} // namespace

std::unique_ptr<frame_reader> open_pcap(input_buffer from, std::string const& name) {
    return std::make_unique<pcap_reader>(std::move(from), name);
}

std::unique_ptr<frame_reader> open_frames(std::unique_ptr<byte_input> from, std::string const& name, secrets_handler on_secrets) {
    input_buffer in{std::move(from)};
    auto const   head = in.peek(4);
    if (head.empty()) throw input_error(name + " is empty: nothing was captured into it.");
    auto const magic = head.size() < 4 ? 0 : be32(head, 0);
    if (magic == 0x0A0D0D0A) return open_pcapng(std::move(in), name, std::move(on_secrets));
    if (is_pcap(magic)) return open_pcap(std::move(in), name);
    if (magic >> 8 == 0x1F8B08) throw input_error(name + " is compressed with gzip: 'gunzip -c " + name + " | aldis dump -r -' reads it.");
    if (magic == 0x28B52FFD) throw input_error(name + " is compressed with zstd: 'zstd -dc " + name + " | aldis dump -r -' reads it.");
    throw input_error(name + " begins like neither pcap nor pcapng; bytes of a stream and hex text are read when asked for, see --help.");
}

} // namespace aldis::app::dump
