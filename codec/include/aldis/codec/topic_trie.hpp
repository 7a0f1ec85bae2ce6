// Values under topic filters, found by topic: who wants a message, without asking every filter (4.7).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace aldis {

/// A tree of topic levels, all edges in one hash table. `Value` is small and comparable: a pointer, a number. Filters are valid ones without
/// their `$share/name/`; a filter may have several values. match() takes one hash look-up for each level of the topic and each `+` on the way,
/// whatever the number of filters; it neither recurses nor allocates.
template <class Value>
class topic_trie {
public:
    bool        empty() const noexcept { return size_ == 0; }
    /// Values in it.
    std::size_t size() const noexcept { return size_; }

    /// Adds `value` under `filter`; the same one twice is there twice.
    void add(std::string_view filter, Value value) {
        auto const place = split(filter);
        auto const at = make_path(place.path);
        auto&      to = place.with_below ? nodes_[at].below : nodes_[at].here;
        to.push_back(std::move(value));
        ++size_;
    }

    /// Takes one `value` from under `filter` and gives back the levels that served nobody else. False when it is not there.
    bool remove(std::string_view filter, Value const& value) {
        auto const place = split(filter);
        auto const at = find_path(place.path);
        if (at == none) return false;
        auto&      from = place.with_below ? nodes_[at].below : nodes_[at].here;
        auto const found = std::find(from.begin(), from.end(), value);
        if (found == from.end()) return false;
        from.erase(found);
        if (from.empty()) from.shrink_to_fit();
        --size_;
        prune(at);
        return true;
    }

    /// Calls `see(value)` for each value whose filter matches `topic`, in no particular order. `see` must not change the trie.
    /// [MQTT-4.7.2-1] [MQTT-4.7.3-4]
    template <class See>
    void match(std::string_view topic, See see) const {
        // Where the walk is: at a node, with the rest of the topic from `level` on; `level` past the end means that nothing is left.
        std::size_t   level = 0;
        std::uint32_t at = root;
        bool const    is_system = topic.starts_with('$');
        bool          deeper = true;                               // false: coming back from the node `came_from`
        std::uint32_t came_from = none;
        for (;;) {
            std::uint32_t next = none;
            auto const&   here = nodes_[at];
            bool const    wildcards = at != root || !is_system;
            if (deeper) {
                if (wildcards) see_all(here.below, see);
                if (level > topic.size()) see_all(here.here, see);
                else next = find(at, level_at(topic, level));
            }
            bool const is_back_from_name = !deeper && came_from != here.plus;
            if (next == none && (deeper || is_back_from_name) && wildcards && level <= topic.size()) next = here.plus;
            if (next != none) {
                level += level_at(topic, level).size() + 1;
                at = next;
                deeper = true;
                continue;
            }
            if (at == root) return;
            came_from = at;
            at = here.parent;
            level = level_before(topic, level);
            deeper = false;
        }
    }

private:
    static constexpr std::uint32_t root = 0, none = 0xFFFF'FFFF;

    struct edge {
        std::uint32_t parent;
        std::string   name;
    };
    struct edge_view {
        std::uint32_t    parent;
        std::string_view name;
    };
    struct edge_hash {
        using is_transparent = void;
        std::size_t operator()(edge_view const& e) const noexcept {
            return std::hash<std::string_view>{}(e.name) ^ (std::size_t{e.parent} * 0x9E37'79B9'7F4A'7C15U);
        }
        std::size_t operator()(edge const& e) const noexcept { return (*this)(edge_view{e.parent, e.name}); }
    };
    struct edge_equal {
        using is_transparent = void;
        template <class A, class B>
        bool operator()(A const& a, B const& b) const noexcept {
            return a.parent == b.parent && std::string_view(a.name) == std::string_view(b.name);
        }
    };

    struct node {
        std::uint32_t      parent = none;
        std::uint32_t      plus = none;                            // the child `+`
        std::uint32_t      names = 0;                              // other children
        edge const*        name = nullptr;                         // how the parent leads here; null for a `+`
        std::vector<Value> here{};                                 // of filters that end here
        std::vector<Value> below{};                                // of those that end with `#` below here
    };

    /// A filter is a path of names and `+`, then perhaps `#`. The path `a/#` ends at the node `a`; the path of `#` is the root itself.
    struct path_view {
        std::string_view text;
        bool             is_root;
    };
    struct split_filter {
        path_view path;
        bool      with_below;
    };
    static split_filter split(std::string_view filter) noexcept {
        if (filter == "#") return {{{}, true}, true};
        if (filter.ends_with("/#")) return {{filter.substr(0, filter.size() - 2), false}, true};
        return {{filter, false}, false};
    }

    /// The level that begins at `from`; `from` may be the size of the text, where an empty last level is.
    static std::string_view level_at(std::string_view text, std::size_t from) noexcept {
        return text.substr(from, text.find('/', from) - from);
    }
    static std::size_t level_before(std::string_view text, std::size_t level) noexcept {
        if (level < 2) return 0;
        auto const slash = text.rfind('/', level - 2);
        return slash == std::string_view::npos ? 0 : slash + 1;
    }

    template <class See>
    static void see_all(std::vector<Value> const& values, See& see) {
        for (auto const& each : values) see(each);
    }

    std::uint32_t find(std::uint32_t parent, std::string_view name) const noexcept {
        if (nodes_[parent].names == 0) return none;
        auto const found = edges_.find(edge_view{parent, name});
        return found == edges_.end() ? none : found->second;
    }
    std::uint32_t child(std::uint32_t parent, std::string_view name) const noexcept {
        return name == "+" ? nodes_[parent].plus : find(parent, name);
    }

    std::uint32_t find_path(path_view path) const noexcept {
        if (path.is_root) return root;
        auto at = root;
        for (std::size_t level = 0; level <= path.text.size() && at != none;) {
            auto const name = level_at(path.text, level);
            at = child(at, name);
            level += name.size() + 1;
        }
        return at;
    }

    std::uint32_t make_path(path_view path) {
        if (path.is_root) return root;
        auto at = root;
        for (std::size_t level = 0; level <= path.text.size();) {
            auto const name = level_at(path.text, level);
            auto const next = child(at, name);
            at = next != none ? next : make_child(at, name);
            level += name.size() + 1;
        }
        return at;
    }

    std::uint32_t make_child(std::uint32_t parent, std::string_view name) {
        auto const made = take_node();
        nodes_[made].parent = parent;
        if (name == "+") {
            nodes_[parent].plus = made;
        } else {
            auto const added = edges_.emplace(edge{parent, std::string(name)}, made).first;
            nodes_[made].name = &added->first;                     // stays where it is as long as the edge exists
            ++nodes_[parent].names;
        }
        return made;
    }

    std::uint32_t take_node() {
        if (!free_.empty()) {
            auto const again = free_.back();
            free_.pop_back();
            return again;
        }
        nodes_.emplace_back();
        return static_cast<std::uint32_t>(nodes_.size() - 1);
    }

    void prune(std::uint32_t at) {
        while (at != root) {
            auto& last = nodes_[at];
            if (!last.here.empty() || !last.below.empty() || last.plus != none || last.names > 0) return;
            auto const parent = last.parent;
            if (last.name) {
                edges_.erase(edges_.find(*last.name));
                --nodes_[parent].names;
            } else {
                nodes_[parent].plus = none;
            }
            last = node{};
            free_.push_back(at);
            at = parent;
        }
    }

    std::unordered_map<edge, std::uint32_t, edge_hash, edge_equal> edges_{};
    std::vector<node>                                              nodes_ = std::vector<node>(1);
    std::vector<std::uint32_t>                                     free_{};
    std::size_t                                                    size_ = 0;
};

} // namespace aldis
