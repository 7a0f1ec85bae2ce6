// permessage-deflate, with zlib.
#include "inflater.hpp"

#include <array>
#include <new>

#include <zlib.h>

namespace aldis::app::dump {

struct inflater::state {
    z_stream                    z{};
    std::size_t                 size = 0;                          // of the message so far
    bool                        broken = false;
    std::array<std::byte, 4096> out{};
};

inflater::inflater() : state_(std::make_unique<state>()) {
    if (::inflateInit2(&state_->z, -MAX_WBITS) != Z_OK) throw std::bad_alloc();
}

inflater::~inflater() { ::inflateEnd(&state_->z); }

void inflater::begin(bytes_view piece) noexcept {
    state_->z.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(piece.data()));  // zlib writes nothing there
    state_->z.avail_in = static_cast<uInt>(piece.size());
}

bytes_view inflater::next() noexcept {
    auto& s = *state_;
    if (s.broken) return {};
    s.z.next_out = reinterpret_cast<Bytef*>(s.out.data());
    s.z.avail_out = static_cast<uInt>(s.out.size());
    int result = Z_OK;
    for (auto left = s.z.avail_in + 1; result == Z_OK && s.z.avail_out == s.out.size() && s.z.avail_in < left;) {
        left = s.z.avail_in;
        result = ::inflate(&s.z, Z_SYNC_FLUSH);
        // A message may end its stream of blocks; what follows then begins another.
        if (result == Z_STREAM_END) result = ::inflateReset(&s.z);
    }
    auto const size = s.out.size() - s.z.avail_out;
    s.size += size;
    s.broken = (result != Z_OK && result != Z_BUF_ERROR) || s.size > max_message;
    return bytes_view{s.out}.first(size);
}

bool inflater::is_broken() const noexcept { return state_->broken; }

void inflater::message_done(bool forget) noexcept {
    state_->size = 0;
    if (forget && !state_->broken) ::inflateReset(&state_->z);
}

} // namespace aldis::app::dump
