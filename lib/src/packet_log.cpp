// A tap that writes what it sees: as text, and into a capture file.
#include <aldis/packet_log.hpp>

#include <cerrno>
#include <chrono>
#include <memory>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

namespace aldis {
namespace {

std::int64_t now() {
    using namespace std::chrono;
    return duration_cast<nanoseconds>(system_clock::now().time_since_epoch()).count();
}

/// A file that is given up at the first write that fails.
class capture_file {
public:
    capture_file(std::filesystem::path const& path, std::function<void(std::error_code)> failed) : failed_(std::move(failed)) {
        descriptor_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (descriptor_ < 0) throw std::system_error{errno, std::generic_category(), "the capture file '" + path.string() + "' cannot be made"};
    }
    capture_file(capture_file const&) = delete;
    capture_file& operator=(capture_file const&) = delete;
    ~capture_file() { close(); }

    void write(std::string_view rest) {
        while (descriptor_ >= 0 && !rest.empty()) {
            auto const done = ::write(descriptor_, rest.data(), rest.size());
            if (done < 0 && errno == EINTR) continue;
            if (done < 0) return fail(errno);
            rest.remove_prefix(static_cast<std::size_t>(done));
        }
    }

private:
    void close() noexcept {
        if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
    }
    void fail(int error) {
        close();
        if (failed_) failed_({error, std::generic_category()});
    }

    std::function<void(std::error_code)> failed_;
    int                                  descriptor_ = -1;
};

struct listener {
    std::optional<follow::transcript>     text{};
    std::unique_ptr<capture_file>         file{};
    std::optional<follow::capture_writer> capture{};
    sender                                we = sender::client;

    void see(direction way, bytes_view frame) {
        auto const they = we == sender::client ? sender::server : sender::client;
        auto const by = way == direction::sent ? we : they;
        auto const at = now();
        if (capture) capture->packet(by, at, frame);
        if (text) text->packet(by, at, frame);
    }
};

} // namespace

tap_handler packet_log::tap() const {
    auto to = std::make_shared<listener>();
    if (write_) to->text.emplace(write_, write_, how_);
    if (path_) {
        to->file = std::make_unique<capture_file>(*path_, failed_);
        to->capture.emplace([file = to->file.get()](std::string_view bytes) { file->write(bytes); });
    }
    if (server_) to->we = sender::server;
    return [to](direction way, bytes_view frame) { to->see(way, frame); };
}

} // namespace aldis
