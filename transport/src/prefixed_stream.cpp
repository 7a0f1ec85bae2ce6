// A stream some of whose bytes were read already.
#include "prefixed_stream.hpp"

#include <utility>

#include <boost/asio/error.hpp>

#include "completion.hpp"

namespace aldis::transport {
namespace {

class prefixed_stream final : public stream {
public:
    prefixed_stream(std::unique_ptr<stream> lower, std::string surplus, std::string remote, std::string via)
        : lower_(std::move(lower)), surplus_(std::move(surplus)), remote_(std::move(remote)), via_(std::move(via)) {}

    executor_type get_executor() const override { return lower_->get_executor(); }
    std::string   remote_name() const override { return remote_.empty() ? lower_->remote_name() : remote_; }
    void          cancel() noexcept override { lower_->cancel(); }

    stream_facts facts() const override {
        auto all = lower_->facts();
        if (!remote_.empty()) all.remote = remote_;
        if (!via_.empty()) all.via = via_;
        return all;
    }

    void close() noexcept override {
        std::string().swap(surplus_);                              // a closed stream has nothing to read
        lower_->close();
    }

private:
    void do_read(asio::mutable_buffer into, io_handler handler) override {
        if (surplus_.empty() || into.size() == 0) return lower_->async_read_some(into, std::move(handler));
        auto const size = asio::buffer_copy(into, asio::buffer(surplus_));
        surplus_.erase(0, size);
        if (surplus_.empty()) std::string().swap(surplus_);
        completion<error_code, std::size_t>(std::move(handler), get_executor()).post({}, size);
    }

    void do_wait_readable(wait_handler handler) override {
        if (surplus_.empty()) return lower_->async_wait_readable(std::move(handler));
        completion<error_code>(std::move(handler), get_executor()).post({});
    }

    void do_write(std::span<asio::const_buffer const> from, io_handler handler) override { lower_->async_write_some(from, std::move(handler)); }
    void do_shutdown(wait_handler handler) override { lower_->async_shutdown(std::move(handler)); }

    std::unique_ptr<stream> lower_;
    std::string             surplus_;
    std::string             remote_;
    std::string             via_;
};

} // namespace

std::unique_ptr<stream> make_prefixed_stream(std::unique_ptr<stream> lower, std::string surplus, std::string remote, std::string via) {
    return std::make_unique<prefixed_stream>(std::move(lower), std::move(surplus), std::move(remote), std::move(via));
}

} // namespace aldis::transport
