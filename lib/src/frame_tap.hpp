// Cuts the two byte streams of a connection into frames for whoever watches.
#pragma once

#include <array>
#include <cstddef>
#include <utility>

#include <aldis/codec/frame.hpp>
#include <aldis/connection.hpp>

namespace aldis {

/// Costs a copy of every byte, which is why a connection has one only while someone watches. A stream that is no MQTT is shown up to its
/// first fault.
class frame_tap {
public:
    explicit frame_tap(tap_handler see) : see_(std::move(see)) {}

    void feed(direction which, bytes_view bytes);

private:
    tap_handler                        see_;
    std::array<codec::frame_buffer, 2> streams_{};
};

} // namespace aldis
