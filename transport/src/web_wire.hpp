// What lies between Beast and the stream underneath: a wire whose two directions fail apart, and that ends our side without Beast.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/buffer.hpp>

#include <aldis/transport/stream.hpp>

namespace aldis::transport {

/// Beast gives a WebSocket up as a whole, when a write fails or when it sends a close frame; a transport::stream goes on reading after
/// both. So once open() was called failed writes look done to Beast, and the close frame that ends our side is written here, between two of
/// Beast's, after which Beast's own go nowhere. Handlers hold the wire until they have run.
class web_wire : public std::enable_shared_from_this<web_wire> {
public:
    using io_handler = asio::any_completion_handler<void(error_code, std::size_t)>;
    using wait_handler = asio::any_completion_handler<void(error_code)>;

    web_wire(std::unique_ptr<stream> next, bool is_server) noexcept : next_(std::move(next)), is_server_(is_server) {}
    web_wire(web_wire const&) = delete;
    web_wire& operator=(web_wire const&) = delete;
    virtual ~web_wire() = default;

    stream&       next() noexcept { return *next_; }
    stream const& next() const noexcept { return *next_; }
    bool          is_server() const noexcept { return is_server_; }

    // ---- For Beast ------------------------------------------------------------------------------------------------------------------

    void read(asio::mutable_buffer into, io_handler handler);

    /// Takes what fits of the buffers, and all of that goes out.
    template <class Buffers>
    void write(Buffers const& from, io_handler handler) {
        std::size_t count = 0;
        auto const  end = asio::buffer_sequence_end(from);
        for (auto at = asio::buffer_sequence_begin(from); at != end && count < pieces_.size(); ++at) {
            asio::const_buffer const piece(*at);
            if (piece.size() > 0) staged_[count++] = piece;
        }
        write_staged(count, std::move(handler));
    }

    /// Both sides have ended: the server's is the one that ends the stream underneath.
    void teardown(wait_handler handler);

    // ---- For the layer --------------------------------------------------------------------------------------------------------------

    /// Bytes that were read from the stream already.
    void put_back(std::string bytes) { surplus_ = std::move(bytes); }

    /// The handshake is done.
    void open() noexcept {
        is_open_ = true;
        std::string().swap(answer_);
    }

    /// What came first, at most 4 KiB; until open().
    std::string const& answer() const noexcept { return answer_; }

    /// Sends a close frame when neither a message nor a control frame is under way; Beast sends nothing after it. One at a time. The handler
    /// may run inside the call.
    void send_close(std::uint16_t code, wait_handler handler);
    /// A message has gone out: a close frame may follow.
    void try_send_close();

    bool       is_close_sent() const noexcept { return is_close_sent_; }
    error_code write_error() const noexcept { return write_error_; }

private:
    static constexpr std::size_t kept_answer = 4096;
    static constexpr std::size_t max_answer = 65'536;              // a page that refuses us may be longer, but we stop reading it

    /// Whether Beast is about to write a close frame of its own.
    virtual bool is_closing() const noexcept = 0;
    /// Whether a message is not completely written.
    virtual bool is_in_message() const noexcept = 0;

    void write_staged(std::size_t count, io_handler handler);
    void write_more(io_handler handler);
    void on_written(error_code ec, std::size_t bytes, io_handler handler);
    void keep_answer(std::string_view bytes);
    void end_next();
    std::size_t write_close_frame();

    std::unique_ptr<stream>            next_;
    std::string                        surplus_{};
    std::string                        answer_{};
    std::size_t                        answered_ = 0;
    std::array<asio::const_buffer, 16> staged_{};
    std::array<asio::const_buffer, 16> pieces_{};
    std::size_t                        first_piece_ = 0;
    std::size_t                        piece_count_ = 0;
    std::size_t                        total_ = 0;
    std::array<std::uint8_t, 8>        close_frame_{};
    wait_handler                       closing_{};
    error_code                         write_error_{};
    std::uint16_t                      close_code_ = 0;            // of the frame that waits to be sent
    bool                               is_server_;
    bool                               is_open_ = false;
    bool                               is_busy_ = false;           // writing
    bool                               is_close_sent_ = false;
    bool                               is_over_ = false;
};

} // namespace aldis::transport
