// Packets that wait for an answer, by Packet Identifier; bounded over all conversations.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <aldis/follow/findings.hpp>

namespace aldis::follow {

class question_table;

/// How far a QoS 2 exchange has come.
enum class flow_step : std::uint8_t { asked, received, released };

/// A PUBLISH above QoS 0, SUBSCRIBE or UNSUBSCRIBE that waits.
struct question {
    question_table* of = nullptr;
    std::uint16_t   id = 0;
    flow_kind       kind = flow_kind::none;
    std::uint8_t    qos = 0;
    flow_step       step = flow_step::asked;
    bool            sent_again = false;
    bool            counted = false;                               // against the Receive Maximum
    std::uint32_t   filters = 0;                                   // 0: not known
    std::uint32_t   epoch = 0;                                     // of its table, when it was asked
    std::uint64_t   digest = 0;                                    // of topic and payload; 0: not known
    packet_mark     first{};
    packet_mark     last{};                                        // the latest step
    std::string     topic{};
};

/// What is kept of a PUBLISH behind its last answer.
struct answered_publish {
    std::uint16_t id = 0;
    bool          sent_again = false;
    std::uint64_t digest = 0;
    packet_mark   first{};
};

/// Owns all questions, oldest first.
class question_pool {
public:
    using handle = std::list<question>::iterator;

    /// The youngest question, empty; when there are too many, the oldest is dropped from its table.
    handle make();
    void   give_back(handle q) noexcept;

private:
    std::list<question> open_{};
    std::list<question> spare_{};
};

/// What one end has asked in a session. `complete`: no question is open that is not in here. A question is sure while no answer to it can have
/// been missed.
class question_table {
public:
    explicit question_table(question_pool& pool) noexcept : pool_(pool) {}
    question_table(question_table const&) = delete;
    question_table& operator=(question_table const&) = delete;
    ~question_table() { clear(); }

    question* find(std::uint16_t id) noexcept;
    /// A new question, instead of one with this identifier.
    question& add(std::uint16_t id);
    /// Answered: it can still be found among the `answered` for a while.
    void close(std::uint16_t id);
    /// The latest answered one with this identifier.
    answered_publish const* find_answered(std::uint16_t id) const noexcept;
    /// Gone, and the table is not complete any more.
    void drop(question const& q) noexcept;
    void clear() noexcept;
    /// Only what survives its connection stays: PUBLISH above QoS 0.
    void keep_messages();

    /// Answers may have been missed: what is open now is not sure.
    void doubt() noexcept { ++epoch_, counted_ = 0; }
    bool is_sure(question const& q) const noexcept { return q.epoch == epoch_; }

    void count(question& q) noexcept;
    std::size_t counted() const noexcept { return counted_; }

    template <class Function>
    void for_each(Function const& f) const {
        for (auto const& [id, q] : open_) f(*q);
    }

    bool complete = false;

private:
    void uncount(question const& q) noexcept;
    void erase(std::unordered_map<std::uint16_t, question_pool::handle>::iterator at) noexcept;

    question_pool&                                           pool_;
    std::unordered_map<std::uint16_t, question_pool::handle> open_{};
    std::vector<answered_publish>                            answered_{};
    std::size_t                                              next_answered_ = 0;
    std::uint32_t                                            epoch_ = 0;
    std::size_t                                              counted_ = 0;
};

} // namespace aldis::follow
