// Sessions, which outlive connections: found again by client identifier.
#pragma once

#include <array>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>

#include "questions.hpp"

namespace aldis::follow {

struct talk;

/// What client (0) and server (1) have asked, and which connection has it.
struct session {
    explicit session(question_pool& pool) : asked{question_table{pool}, question_table{pool}} {}

    std::array<question_table, 2> asked;
    talk*                         at = nullptr;                    // null: nobody is connected
    packet_mark                   connect{};                       // the latest
};

/// Sessions by server and client identifier. Those that nobody is connected to are bounded; the one left longest goes first.
class session_book {
public:
    std::shared_ptr<session> find(std::string const& key) const;
    /// Puts it in the place of the one that was there.
    void put(std::string const& key, std::shared_ptr<session> s);
    /// Nobody is connected to it any more.
    void leave(std::string const& key);

private:
    struct entry {
        std::shared_ptr<session>         of{};
        std::list<std::string>::iterator idle{};
        bool                             is_idle = false;
    };

    void forget_oldest();

    std::unordered_map<std::string, entry> book_{};
    std::list<std::string>                 idle_{};                // left longest ago first
};

} // namespace aldis::follow
