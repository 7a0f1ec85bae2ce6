// Which message is for which subscription, what the server has been asked for, and who has not let go of a message yet.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <aldis/client.hpp>
#include <aldis/codec/topic_trie.hpp>
#include <aldis/session_store.hpp>
#include <aldis/subscription.hpp>

#include "numbered.hpp"
#include "operation.hpp"

namespace aldis {

using receive_operation      = operation<error_code, received_message>;
using subscribe_operation    = operation<error_code, subscribe_result>;
using subscribe_to_operation = operation<error_code, client_subscription>;

/// What one handle has: a consumer of messages. Several may share a filter's subscription.
class client_subscription::route : public std::enable_shared_from_this<route> {
public:
    route(client::impl& of, std::uint32_t no, std::string_view filter, subscription_options const& how, message_handler handler);

    // What the handle asks for.
    void receive(receive_operation op);
    void wait(subscribe_operation op);
    void wait(subscribe_to_operation op);
    void acknowledge(received_message const& message, reason_code reason);
    void unsubscribe(std::optional<subscribe_operation> op);
    void handle_gone();

    // What the router tells it.
    void take(received_message const& seen);
    void answered(error_code why, subscribe_result const& said);
    void fail_operations(error_code why, error_code of_receivers);
    void ended();                                                  // no handler is called any more
    bool is_full() const noexcept { return full_; }

    std::weak_ptr<client::impl>                     owner;
    asio::any_io_executor                           executor;
    std::uint32_t                                   no;            // what its messages carry
    std::string                                     filter;
    subscription_options                            how;
    std::shared_ptr<message_handler>                handler;
    answer_handler                                  on_answer{};
    std::shared_ptr<std::vector<std::string> const> alone;         // what a message tells that matches nothing else
    subscription_state                              state = subscription_state::waiting;
    error_code                                      error{};
    subscribe_result                                answer{};
    std::deque<received_message>                    incoming{};
    bool                                            is_local = false;
    bool                                            has_handle = true;

private:
    bool       is_manual(client::impl const& of) const noexcept;
    void       hand_over(receive_operation op, received_message message);
    void       measure();
    error_code why_not() const noexcept;

    std::uint64_t                    next_no_ = 1;
    numbered<receive_operation>      receivers_{};
    numbered<subscribe_operation>    waiters_{};
    numbered<subscribe_to_operation> openers_{};
    std::size_t                      incoming_bytes_ = 0;
    bool                             full_ = false;
};

/// Made with the first subscription object of a client; one for each client, living as long.
class router {
public:
    using route           = client_subscription::route;
    using shared_route    = std::shared_ptr<route>;
    using message_handler = client_subscription::message_handler;

    /// Identifiers are given from the highest downward, away from those that a program may give itself.
    static constexpr std::uint32_t highest_id = 268'435'455;

    explicit router(client::impl& of) : of_(of) {}

    /// A wrong filter or wrong options make a route that is refused.
    shared_route subscribe(std::string_view filter, subscription_options const& how, message_handler handler);
    /// A handler for what arrives anyway.
    shared_route listen(std::string_view filter, message_handler handler);
    /// Ends it; `op` completes with the server's answer.
    void leave(route& who, std::optional<subscribe_operation> op);

    /// Hands the message to whom it is for. False: to nobody.
    bool deliver(session::event::message_arrived const& e);
    /// `taker` is done with a message, which is acknowledged when all are.
    void let_go(std::uint32_t taker, session::arrival_no arrival, qos_level qos, reason_code reason);
    /// A queue has become full, or free again.
    void filled(bool is_full);
    bool is_full() const noexcept { return full_ > 0; }

    // ---- keeping.cpp: subscriptions that outlive the process ---------------------------------------------------------------
    /// What an earlier process had subscribed to. Nobody takes its messages until somebody subscribes to it again, but the server is asked for
    /// it when it has lost the session.
    void restore(std::vector<kept_subscription> const& kept);
    std::vector<std::string> restored() const;
    /// The program has unsubscribed from them by name.
    void drop_restored(unsubscribe_list const& from);

    /// A connection is open: asks for what the server does not have.
    void connected(bool session_present);
    /// False: the answer is not to a request of ours.
    bool answered(packet_type type, packet_id id, reason_codes const& codes, properties const& props);
    /// The connection has ended, or could not be made.
    void disconnected(error_code why, error_code of_receivers);
    /// Asks for what waits to be asked for, as far as the output allows.
    void ask();
    /// The client is gone.
    void close();

    std::size_t filters() const noexcept { return entries_.size(); }
    /// Messages for subscriptions that had just been ended.
    std::uint64_t late_messages() const noexcept { return late_messages_; }

private:
    enum class standing : std::uint8_t { to_ask, asked, active, refused, to_leave, leaving };

    /// One filter as the server sees it.
    struct entry {
        std::string                      filter{};
        std::string                      matches{};                // without $share/name/
        std::uint32_t                    id = 0;                   // its Subscription Identifier where the server has them
        subscription_options             how{};                    // what all of its routes together want
        standing                         at = standing::to_ask;
        packet_id                        asked_by = 0;
        bool                             is_queued = false;
        bool                             was_sent = false;         // in this session
        bool                             has_id = false;           // with its identifier
        bool                             is_restored = false;      // from the store, and nobody has subscribed to it since
        bool                             is_kept = false;          // in the store
        std::vector<shared_route>        routes{};
        std::vector<subscribe_operation> leavers{};
    };
    /// A SUBSCRIBE or UNSUBSCRIBE without an answer.
    struct request {
        packet_type                      type{};
        std::vector<std::uint32_t>       ids{};
        std::vector<subscribe_operation> leavers{};
    };
    /// A message that matched several.
    struct held_message {
        std::vector<std::uint32_t> holders{};
        reason_code                reason = reason_code::success;
    };

    shared_route make_route(std::string_view filter, subscription_options const& how, message_handler handler);
    entry&       entry_of(shared_route const& who);
    std::uint32_t new_id();
    entry&       add_entry(std::string filter, std::uint32_t id);
    void         keep(entry& what);
    void         drop(entry& what);
    void         refused(entry& what, error_code why, subscribe_result const& said);
    void         join(entry& to, shared_route const& who);
    void         queue(entry& what);
    entry*       find(std::uint32_t id);
    void         forget(entry& what);
    void         ask_again(entry& what);

    void collect(packet::publish const& p, std::vector<shared_route>& takers);
    void add_routes(entry const& from, std::vector<shared_route>& takers);
    static std::shared_ptr<std::vector<std::string> const> names_of(std::vector<shared_route> const& takers);

    std::vector<std::uint32_t> next_batch();
    error_code                 send(std::vector<std::uint32_t> const& batch, packet_type type);
    error_code                 send_subscribe(std::vector<std::uint32_t> const& batch);
    void                       sent(packet_id id, packet_type type, std::vector<std::uint32_t> const& batch);
    void                       not_sent(std::vector<std::uint32_t> const& batch, packet_type type, error_code why);
    void                       subscribed(request const& to, reason_codes const& codes, properties const& props, packet_id id);
    void                       unsubscribed(request& to, reason_codes const& codes, properties const& props, packet_id id);
    void                       tell(entry const& of, error_code why, subscribe_result const& said);

    client::impl&                                           of_;
    std::unordered_map<std::string, std::unique_ptr<entry>> entries_{};
    std::unordered_map<std::uint32_t, entry*>               by_id_{};
    topic_trie<entry*>                                      subscribed_{};
    topic_trie<route*>                                      listening_{};
    std::unordered_map<std::uint32_t, shared_route>         local_{};
    std::deque<std::uint32_t>                               to_ask_{};
    std::unordered_map<packet_id, request>                  requests_{};
    std::map<session::arrival_no, held_message>             held_{};
    std::vector<shared_route>                               scratch_{};
    std::size_t                                             full_ = 0;
    std::uint32_t                                           next_route_ = 1;
    std::uint32_t                                           next_id_ = 0;
    std::uint64_t                                           late_messages_ = 0;
    bool                                                    uses_ids_ = false;
    bool                                                    one_by_one_ = false;
    bool                                                    is_late_ = false;  // the message matched a subscription that is being left
};

} // namespace aldis
