// Takes packets apart, well-formed or not, for people to look at.
#pragma once

#include <cstddef>

#include <aldis/codec/bytes.hpp>
#include <aldis/codec/types.hpp>
#include <aldis/dissect/tree.hpp>

namespace aldis::dissect {

/// What is known of a packet beside its bytes.
struct circumstances {
    protocol    version = protocol::v5;
    bool        version_known = true;                              // false: the peers agreed on a level that is not known
    bool        version_agreed = true;                             // false: they never agreed on one
    sender      from = sender::either;
    std::size_t size = 0;                                          // of the whole packet where `bytes` are fewer; 0: they are all
};

/// The topic that a sender's alias stands for; empty where it stands for none.
class alias_lookup {
public:
    virtual std::string_view topic_of(std::uint16_t alias) const noexcept = 0;

protected:
    ~alias_lookup() = default;
};

/// Makes trees of packets; its memory is used again, so that in the long run nothing is allocated.
/// Fields are read one by one, as Wireshark does, until one does not fit in the packet; then the codec is asked for its verdict.
class dissector {
public:
    /// The packet that `packet` is from its first byte on. Never throws but for lack of memory; linear. What is returned lives until the
    /// next call, and its views as long as `packet`.
    tree& operator()(bytes_view packet, circumstances known, alias_lookup const* aliases = nullptr);

private:
    tree tree_{};
};

} // namespace aldis::dissect
