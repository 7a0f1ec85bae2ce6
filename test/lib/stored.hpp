// Changes of a session in few words, stores that are waited for, and what is in a session as text.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <aldis/error.hpp>
#include <aldis/session/state.hpp>

namespace aldis::test {

using session::change;
using what = change::what;

inline session::message text(std::string_view topic, std::string_view payload) { return *session::message::make(topic, {}, to_bytes(payload)); }

inline change queued(session::delivery_no no, qos_level qos, std::string_view payload) {
    return {.kind = what::queued, .no = no, .qos = qos, .content = text("t/" + std::to_string(no), payload)};
}
inline change started(session::delivery_no no, packet_id id) { return {.kind = what::started, .no = no, .id = id}; }
inline change by_no(what kind, session::delivery_no no) { return {.kind = kind, .no = no}; }
inline change by_id(what kind, packet_id id) { return {.kind = kind, .id = id}; }
inline change opened(std::uint32_t expiry) { return {.kind = what::opened, .expiry = expiry}; }

/// Commits, and waits for the store's answer.
template <class Store, class Batch = typename Store::batch>
error_code commit(Store& store, std::type_identity_t<Batch> batch) {
    std::mutex                guard;
    std::condition_variable   came;
    std::optional<error_code> said;
    store.commit(std::make_shared<Batch const>(std::move(batch)), [&](error_code ec) {
        std::lock_guard const lock(guard);
        said = ec;
        came.notify_one();
    });
    std::unique_lock lock(guard);
    came.wait(lock, [&] { return said.has_value(); });
    return *said;
}

/// A payload, or how long it is and what it begins with.
inline std::string brief(bytes_view payload) {
    if (payload.size() <= 20) return std::string(to_text(payload));
    return std::to_string(payload.size()) + " bytes of " + std::string(to_text(payload.first(1)));
}

/// What a state made of the contents is, as words: order, identifiers, steps, payloads.
inline std::string words(std::vector<change> const& changes) {
    static constexpr char const* names[] = {"queued", "started", "released", "finished", "received", "completed", "opened", "cleared"};
    std::string all;
    for (auto const& c : changes) {
        all += std::string(names[static_cast<int>(c.kind)]) + ' ' + std::to_string(c.no) + ' ' + std::to_string(c.id) + ' ' + std::to_string(c.expiry);
        if (c.content) all += " q" + std::to_string(static_cast<int>(c.qos)) + (c.retain ? "r " : " ") + std::string(c.content.topic()) + '=' + brief(c.content.payload());
        all += '\n';
    }
    return all;
}

inline std::string replayed(std::vector<change> const& changes) {
    session::state made;
    for (auto const& each : changes)
        if (!made.replay(each)) return "does not fit";
    return words(made.snapshot());
}

} // namespace aldis::test
