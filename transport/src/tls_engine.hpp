// One TLS connection over any stream: OpenSSL between two buffers, and the operations that wait for it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>

#include <aldis/transport/note.hpp>
#include <aldis/transport/stream.hpp>

#include "completion.hpp"
#include "layers.hpp"
#include "tls_buffers.hpp"
#include "tls_context.hpp"

namespace aldis::transport {

/// An operation that was started; `no` tells a late cancellation that it is over.
template <class What, class... Args>
struct tls_operation {
    tls_operation(What w, completion<Args...> d, std::uint64_t n) : what(std::move(w)), done(std::move(d)), no(n) {}

    What                what;
    completion<Args...> done;
    std::uint64_t       no;
};

class tls_engine : public std::enable_shared_from_this<tls_engine> {
public:
    tls_engine(std::unique_ptr<stream> lower, std::shared_ptr<tls_context> context, observer see);
    ~tls_engine();

    /// Whose certificate is expected; `is_address`: the name is an IP address. Before handshake().
    tls_trouble     expect(std::string name, bool is_address);
    tls_connection& connection() noexcept { return connection_; }
    void            handshake(stream_handler handler);

    void         read(asio::mutable_buffer into, completion<error_code, std::size_t> done);
    void         write(std::span<asio::const_buffer const> from, completion<error_code, std::size_t> done);
    void         wait(completion<error_code> done);
    void         shutdown(completion<error_code> done);
    void         cancel() noexcept;
    void         close() noexcept;
    stream_facts facts() const;
    stream&      lower() const noexcept { return *lower_; }
    SSL*         native() const noexcept { return ssl_.get(); }
    /// The lower stream back, before anything began.
    std::unique_ptr<stream> give_up() noexcept { return std::move(lower_); }

private:
    using shaking = std::optional<completion<error_code, std::unique_ptr<stream>>>;
    using reading = std::optional<tls_operation<asio::mutable_buffer, error_code, std::size_t>>;
    using writing = std::optional<tls_operation<std::span<asio::const_buffer const>, error_code, std::size_t>>;
    using waiting = std::optional<tls_operation<std::nullptr_t, error_code>>;

    enum class progress : std::uint8_t { fresh, running, failing, done };

    void        advance();
    void        step_handshake();
    tls_trouble check_handshake();
    tls_trouble explain_end() const;
    void        fail_handshake(tls_trouble trouble);
    void        finish_handshake(tls_trouble trouble);
    void        tell(tls_trouble const& trouble) const;
    void        tell_established();
    void        step_wait();
    void        step_read();
    void        step_write();
    void        step_shutdown();

    bool        is_choking() const noexcept;
    bool        decrypt(asio::mutable_buffer into, bool is_peek, std::size_t& got);
    void        end_reading(tls_trouble trouble);
    std::size_t encrypt(std::span<asio::const_buffer const> from);

    void flush();
    void on_flushed(error_code ec, std::size_t size);
    void fetch();
    void fetch_now();
    void on_fetched(error_code ec, std::size_t size);
    void look_for_reason();

    template <class Operation, class What, class... Args>
    void start(Operation tls_engine::*place, What what, completion<error_code, Args...> done);
    template <class Operation>
    void abort(Operation tls_engine::*place) noexcept;

    std::unique_ptr<stream>      lower_;
    std::shared_ptr<tls_context> context_;
    observer                     see_;                             // until the first data: a refusal may come as late as that
    tls_connection               connection_;
    tls_input                    input_;
    tls_output                   output_;
    ssl_ptr                      ssl_;

    shaking shake_;
    reading read_;
    writing write_;
    waiting wait_;
    waiting shutdown_;

    tls_trouble                         handshake_trouble_{};
    std::optional<error_code>           read_end_{};               // what every further read says
    std::optional<error_code>           input_end_{};              // what ended the lower side; no error: end of file
    std::optional<error_code>           write_end_{};
    std::unique_ptr<asio::steady_timer> patience_{};               // how long the reason of a failed write is looked for
    asio::const_buffer                  sending_{};
    std::size_t                         encrypted_ = 0;            // of the current write
    std::size_t                         data_size_ = 0;            // what it added to the output; the rest are answers of TLS itself
    std::uint64_t                       last_no_ = 0;
    asio::cancellation_signal           stop_fetching_{}, stop_waiting_{};

    progress progress_ = progress::fresh;
    bool     needs_input_ = false;                                 // now
    bool     awaits_input_ = false;                                // whenever it comes
    bool     is_fetching_ = false;
    bool     is_waiting_ = false;
    bool     is_readable_ = false;
    bool     is_flushing_ = false;
    bool     is_broken_ = false;                                   // lower writes fail
    bool     is_ending_ = false;                                   // close_notify is among the output
    bool     is_lower_ending_ = false;
    bool     is_closed_ = false;
};

/// The stream that its user sees. The engine outlives it as long as lower operations run.
std::unique_ptr<stream> make_tls_stream(std::shared_ptr<tls_engine> engine);

} // namespace aldis::transport
