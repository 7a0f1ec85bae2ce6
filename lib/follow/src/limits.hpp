// How much analysis remembers. Beyond each limit the oldest goes, and is never told of as unanswered or held against anyone.
#pragma once

#include <cstddef>
#include <cstdint>

namespace aldis::follow::limits {

inline constexpr std::size_t  questions = 32'768;                  // open in all conversations and sessions together
inline constexpr std::size_t  topic = 256;                         // bytes of a topic that are kept with a question; a longer one is not kept
inline constexpr std::size_t  client_id = 256;                     // bytes; sessions of a longer one are not followed
inline constexpr std::size_t  pings = 64;                          // open in one conversation
inline constexpr std::int64_t ping_silence = 5'000'000'000;        // nanoseconds without pings after which none is open, behind missing bytes
inline constexpr std::size_t  answered = 16;                       // questions of one end that are kept behind their answer, to know a redelivery
inline constexpr std::size_t  sessions = 4'096;                    // kept for clients that are not connected
inline constexpr std::size_t  messages = 8'192;                    // of publishers, to be found again in deliveries
inline constexpr std::int64_t delivery_time = 60'000'000'000;      // nanoseconds in which a message that is not retained is delivered
inline constexpr std::size_t  delivered = 32;                      // messages for each conversation that remember how far it has come
inline constexpr std::size_t  same_messages = 64;                  // looked through for one delivery
inline constexpr std::size_t  named_in_note = 8;                   // unanswered questions that one note names
inline constexpr std::size_t  notes_at_end = 64;                   // conversations with unanswered questions that the end names
inline constexpr std::size_t  quick_packet = 16'384;               // bytes; a larger one may have been under way for long

} // namespace aldis::follow::limits
