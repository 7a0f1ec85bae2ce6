// A layer that is being opened over a stream: bytes go to and fro until it is done, fails, or its caller gives up.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include <aldis/transport/note.hpp>

#include "completion.hpp"
#include "layers.hpp"

namespace aldis::transport {

/// Made by make_shared; every handler holds it. Ends exactly once.
class opening : public std::enable_shared_from_this<opening> {
public:
    opening(std::unique_ptr<stream> lower, phase step, observer const& see, stream_handler handler);
    opening(opening const&) = delete;
    opening& operator=(opening const&) = delete;
    virtual ~opening() = default;

    /// From now on the caller can give up; then begin().
    void start();

protected:
    virtual void begin() = 0;
    /// The stream underneath, wherever it is by now.
    virtual void close_lower() noexcept {
        if (lower_) lower_->close();
    }
    /// What is known of a failure that the caller brought about himself, by his deadline for instance; mostly nothing.
    virtual std::string story_so_far() const { return {}; }

    using next_step = std::function<void()>;

    /// Writes all of it.
    void send(std::string bytes, next_step then);
    /// Reads once, up to `size` bytes, to the end of received().
    void receive(std::size_t size, next_step then);

    void tell(std::string text);
    void succeed(std::unique_ptr<stream> made) { finish({}, std::move(made)); }
    /// An empty story: the sentence of the error.
    void fail(error_code why, std::string story = {});

    bool                           is_done() const noexcept { return is_done_; }
    stream&                        lower() noexcept { return *lower_; }
    std::unique_ptr<stream>        take_lower() noexcept { return std::move(lower_); }
    std::string&                   received() noexcept { return received_; }
    observer const&                see() const noexcept { return see_; }

private:
    void write_more(std::size_t written, next_step then);
    void finish(error_code ec, std::unique_ptr<stream> made);

    std::unique_ptr<stream>                         lower_;
    completion<error_code, std::unique_ptr<stream>> completion_;
    observer                                        see_;
    std::string                                     sending_{};
    asio::const_buffer                              piece_{};
    std::string                                     received_{};
    phase                                           step_;
    bool                                            is_done_ = false;
};

} // namespace aldis::transport
