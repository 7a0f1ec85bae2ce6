// QoS 1 and 2, both halves, as transition tables: tests walk them, the documentation draws them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace aldis::session {

// ---- The sending half -------------------------------------------------------------------------------------------------

/// What a started delivery waits for.
enum class out_state : std::uint8_t { wait_puback, wait_pubrec, wait_pubcomp };
enum class out_input : std::uint8_t { puback, pubrec, pubrec_refused, pubcomp };
enum class reply : std::uint8_t { nothing, pubrel };

/// One step. No target: the delivery is complete and its identifier free.
struct out_step {
    out_state                from;
    out_input                on;
    std::optional<out_state> to;
    reply                    send;
    std::string_view         clause;
};

inline constexpr std::array out_steps{
    out_step{out_state::wait_puback,  out_input::puback,         std::nullopt,            reply::nothing, "MQTT-4.3.2-3"},
    out_step{out_state::wait_pubrec,  out_input::pubrec,         out_state::wait_pubcomp, reply::pubrel,  "MQTT-4.3.3-4"},
    out_step{out_state::wait_pubrec,  out_input::pubrec_refused, std::nullopt,            reply::nothing, "MQTT-4.4.0-2"},
    out_step{out_state::wait_pubcomp, out_input::pubrec,         out_state::wait_pubcomp, reply::pubrel,  "MQTT-4.3.3-4"},
    out_step{out_state::wait_pubcomp, out_input::pubcomp,        std::nullopt,            reply::nothing, "MQTT-4.3.3-5"},
};

/// The step, or null: then an identifier in use got the wrong packet, which ends the connection with 0x82.
constexpr out_step const* find_step(out_state from, out_input on) noexcept {
    for (auto const& step : out_steps)
        if (step.from == from && step.on == on) return &step;
    return nullptr;
}

/// What happens to an acknowledgement whose identifier is not in use: it may be the late answer of an earlier connection.
enum class stray : std::uint8_t { ignore, pubrel_not_found };
struct stray_row { out_input on; stray then; std::string_view clause; };

inline constexpr std::array stray_rows{
    stray_row{out_input::puback,         stray::ignore,           ""},
    stray_row{out_input::pubrec,         stray::pubrel_not_found, "MQTT-4.3.3-4"},
    stray_row{out_input::pubrec_refused, stray::ignore,           ""},
    stray_row{out_input::pubcomp,        stray::ignore,           ""},
};

constexpr stray find_stray(out_input on) noexcept { return stray_rows[static_cast<std::size_t>(on)].then; }

// ---- The receiving half of QoS 2 --------------------------------------------------------------------------------------

/// none: the identifier is free. held: the message is with its owner, not answered yet. received: accepted, PUBREC sent or due, PUBREL awaited.
enum class in_state : std::uint8_t { none, held, received };
enum class in_input : std::uint8_t { publish, accepted, refused, pubrel };
enum class in_reply : std::uint8_t { nothing, pubrec, pubrec_refused, pubcomp, pubcomp_not_found, close };

/// One step. `arrives`: the message is handed on, exactly once.
struct in_step {
    in_state         from;
    in_input         on;
    in_state         to;
    in_reply         send;
    bool             arrives;
    std::string_view clause;
};

inline constexpr std::array in_steps{
    in_step{in_state::none,     in_input::publish,  in_state::held,     in_reply::nothing,           true,  "MQTT-4.3.3-8"},
    in_step{in_state::held,     in_input::publish,  in_state::held,     in_reply::nothing,           false, "MQTT-4.3.3-10"},
    in_step{in_state::held,     in_input::accepted, in_state::received, in_reply::pubrec,            false, "MQTT-4.3.3-8"},
    in_step{in_state::held,     in_input::refused,  in_state::none,     in_reply::pubrec_refused,    false, "MQTT-4.3.3-9"},
    in_step{in_state::received, in_input::publish,  in_state::received, in_reply::pubrec,            false, "MQTT-4.3.3-10"},
    in_step{in_state::received, in_input::pubrel,   in_state::none,     in_reply::pubcomp,           false, "MQTT-4.3.3-11"},
    in_step{in_state::none,     in_input::pubrel,   in_state::none,     in_reply::pubcomp_not_found, false, "MQTT-4.3.3-11"},
    in_step{in_state::held,     in_input::pubrel,   in_state::held,     in_reply::close,             false, ""},
};

/// The step, or null where the input cannot come: only a held message can be accepted or refused.
constexpr in_step const* find_step(in_state from, in_input on) noexcept {
    for (auto const& step : in_steps)
        if (step.from == from && step.on == on) return &step;
    return nullptr;
}

} // namespace aldis::session
