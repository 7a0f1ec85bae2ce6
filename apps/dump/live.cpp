// Live capture through libpcap.
#include "inputs.hpp"

#ifdef ALDIS_LIVE_CAPTURE
#include <atomic>
#include <chrono>

#include <poll.h>

#include <pcap/pcap.h>

#include "capture/pipeline.hpp"
#endif

namespace aldis::app::dump {

#ifdef ALDIS_LIVE_CAPTURE
namespace {

// For bursts: 128 frames of the loopback interface, each of which takes the room of the largest, or some 5,000 of Ethernet. It counts as resident.
constexpr int kernel_buffer = 8 << 20;

using handle = std::unique_ptr<pcap_t, decltype(&pcap_close)>;

std::int64_t now() {
    using namespace std::chrono;
    return duration_cast<nanoseconds>(system_clock::now().time_since_epoch()).count();
}

[[noreturn]] void refuse(std::string const& interface, std::string const& why) {
    throw input_error("Capturing on " + interface + ": " + why
                      + ". It takes the right to capture (root, or: setcap cap_net_raw+ep aldis); --proxy needs no rights, and"
                        " 'tcpdump -w - | aldis dump -r -' reads what another program captures.");
}

std::string interfaces() {
    char       error[PCAP_ERRBUF_SIZE]{};
    pcap_if_t* all = nullptr;
    if (pcap_findalldevs(&all, error) != 0) return error;
    std::string names;
    for (auto const* one = all; one; one = one->next) names += (names.empty() ? "" : ", ") + std::string{one->name};
    pcap_freealldevs(all);
    return names;
}

[[noreturn]] void refuse_activation(std::string const& interface, int result, std::string const& detail) {
    if (result == PCAP_ERROR_NO_SUCH_DEVICE) throw input_error("Capturing on " + interface + ": there is no such interface; there are " + interfaces() + ".");
    std::string const why = pcap_statustostr(result);
    refuse(interface, detail.empty() || detail == why ? why : why + " (" + detail + ")");
}

handle activate(std::string const& interface) {
    char   error[PCAP_ERRBUF_SIZE]{};
    handle from{pcap_create(interface.c_str(), error), &pcap_close};
    if (!from) refuse(interface, error);
    pcap_set_snaplen(from.get(), static_cast<int>(max_frame));
    pcap_set_buffer_size(from.get(), kernel_buffer);
    pcap_set_timeout(from.get(), 100);
    pcap_set_immediate_mode(from.get(), 1);
    pcap_set_tstamp_precision(from.get(), PCAP_TSTAMP_PRECISION_NANO);
    if (auto const result = pcap_activate(from.get()); result < 0) refuse_activation(interface, result, pcap_geterr(from.get()));
    if (pcap_setnonblock(from.get(), 1, error) != 0) refuse(interface, error);
    return from;
}

void take_filter(pcap_t* from, std::string const& filter) {
    bpf_program program{};
    if (pcap_compile(from, &program, filter.c_str(), 1, PCAP_NETMASK_UNKNOWN) != 0)
        throw input_error("The capture filter '" + filter + "' is refused: " + pcap_geterr(from) + ". Filters are written like 'tcp port 1883'.");
    auto const result = pcap_setfilter(from, &program);
    pcap_freecode(&program);
    if (result != 0) throw input_error("The capture filter '" + filter + "' cannot be set: " + pcap_geterr(from) + ".");
}

class live_source final : public source {
public:
    live_source(std::string interface, std::string const& filter, capture_options const& options)
        : interface_(std::move(interface)), from_(activate(interface_)), pipeline_(options) {
        if (!filter.empty()) take_filter(from_.get(), filter);
        is_nano_ = pcap_get_tstamp_precision(from_.get()) == PCAP_TSTAMP_PRECISION_NANO;
    }

    bool step(sink& to) override {
        if (is_over_) return false;
        if (!std::exchange(is_told_, true)) to.note({}, nullptr, "Capturing on " + interface_ + ", until Ctrl-C.");
        if (stopped_) return finish(to);
        if (take(to)) return true;
        pollfd readable{.fd = pcap_get_selectable_fd(from_.get()), .events = POLLIN, .revents = 0};
        ::poll(&readable, 1, 100);
        if (!take(to)) pipeline_.idle(to, now());
        return true;
    }
    void     stop() noexcept override { stopped_ = true; }
    progress position() const noexcept override { return {read_, 0}; }

private:
    // False when there is none now.
    bool take(sink& to) {
        pcap_pkthdr*  head = nullptr;
        u_char const* data = nullptr;
        auto const    result = pcap_next_ex(from_.get(), &head, &data);
        if (result == PCAP_ERROR) refuse(interface_, pcap_geterr(from_.get()));
        if (result != 1) return false;
        captured_frame frame;
        frame.at = {++count_, std::int64_t{head->ts.tv_sec} * 1'000'000'000 + std::int64_t{head->ts.tv_usec} * (is_nano_ ? 1 : 1000)};
        frame.link = static_cast<std::uint16_t>(pcap_datalink(from_.get()));
        frame.data = {reinterpret_cast<std::byte const*>(data), head->caplen};
        frame.size = head->len;
        last_ = frame.at;
        read_ += head->caplen;
        pipeline_.frame(to, frame);
        pipeline_.done(to, frame.at);
        return true;
    }

    bool finish(sink& to) {
        is_over_ = true;
        if (count_ != 0) pipeline_.finish(to, {count_ + 1, last_.time});
        pcap_stat seen{};
        if (pcap_stats(from_.get(), &seen) == 0 && seen.ps_drop != 0)
            to.note(last_, nullptr, std::to_string(seen.ps_drop) + " frames came faster than they were read, and are missing: a capture filter helps.");
        return false;
    }

    std::string       interface_;
    handle            from_;
    pipeline          pipeline_;
    bool              is_nano_ = false;
    bool              is_over_ = false;
    bool              is_told_ = false;
    std::uint64_t     count_ = 0;
    std::uint64_t     read_ = 0;
    frame_stamp       last_{};
    std::atomic<bool> stopped_{false};
};

} // namespace

bool has_live() noexcept { return true; }

std::unique_ptr<source> open_live(std::string const& interface, std::string const& filter, capture_options const& options) {
    return std::make_unique<live_source>(interface, filter, options);
}

#else

bool has_live() noexcept { return false; }

std::unique_ptr<source> open_live(std::string const& interface, std::string const&, capture_options const&) {
    throw input_error("Capturing on " + interface + ": this program was built without libpcap. 'tcpdump -i " + interface
                      + " -w - | aldis dump -r -' does the same; --proxy needs no capture.");
}

#endif

} // namespace aldis::app::dump
