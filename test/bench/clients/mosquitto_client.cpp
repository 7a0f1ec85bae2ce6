// The compared work done with libmosquitto, on one thread, which is how it is fastest.
#include <mosquitto.h>

#include "job.hpp"

namespace {

struct runner {
    bench::job        job;
    bench::meter      meter{job};
    mosquitto*        client = nullptr;
    std::string       topic = job.topic();
    std::vector<char> payload = std::vector<char>(job.size);
    std::uint64_t     sent = 0;
    bool              ready = false;

    bool has_room() const noexcept { return sent < job.total() && sent - meter.count() < job.window; }

    void publish() {
        while (ready && has_room()) {
            auto const now = bench::nanoseconds_now();
            if (job.what == bench::work::loop) std::memcpy(payload.data(), &now, sizeof now);
            ++sent;
            auto const rc = mosquitto_publish(client, nullptr, topic.c_str(), static_cast<int>(payload.size()), payload.data(), job.qos, false);
            if (rc != MOSQ_ERR_SUCCESS) bench::give_up(mosquitto_strerror(rc));
        }
    }
};

runner& of(void* data) { return *static_cast<runner*>(data); }

void on_connect(mosquitto* client, void* data, int code) {
    if (code != 0) bench::give_up("connect is refused");
    auto& r = of(data);
    if (r.job.what == bench::work::pub) r.ready = true;
    else mosquitto_subscribe(client, nullptr, r.topic.c_str(), r.job.qos);
}

void on_subscribe(mosquitto*, void* data, int, int, int const*) { of(data).ready = of(data).job.what == bench::work::loop; }

// At QoS 0 libmosquitto calls this from inside mosquitto_publish(), so the next is not published from here.
void on_publish(mosquitto*, void* data, int) {
    if (of(data).job.what == bench::work::pub) of(data).meter.done();
}

void on_message(mosquitto*, void* data, mosquitto_message const* m) {
    auto& r = of(data);
    if (static_cast<std::size_t>(m->payloadlen) != r.job.size) bench::give_up("a message has the wrong size");
    if (r.job.what == bench::work::loop) {
        std::uint64_t then = 0;
        std::memcpy(&then, m->payload, sizeof then);
        r.meter.took(bench::nanoseconds_now() - then);
    }
    r.meter.done();
    if (r.job.what == bench::work::loop) r.publish();
}

} // namespace

int main(int argc, char** argv) {
    runner r{.job = bench::read_job(argc, argv)};
    mosquitto_lib_init();
    r.client = mosquitto_new("bench", true, &r);
    mosquitto_int_option(r.client, MOSQ_OPT_TCP_NODELAY, 1);
    mosquitto_int_option(r.client, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V311);
    mosquitto_max_inflight_messages_set(r.client, r.job.what == bench::work::recv ? 0 : r.job.window);
    mosquitto_connect_callback_set(r.client, on_connect);
    mosquitto_subscribe_callback_set(r.client, on_subscribe);
    mosquitto_publish_callback_set(r.client, on_publish);
    mosquitto_message_callback_set(r.client, on_message);
    if (auto const rc = mosquitto_connect(r.client, "127.0.0.1", r.job.port, 60); rc != 0) bench::give_up(mosquitto_strerror(rc));
    while (!r.meter.is_done()) {
        r.publish();
        if (auto const rc = mosquitto_loop(r.client, 1000, 1); rc != 0) bench::give_up(mosquitto_strerror(rc));
    }
    mosquitto_disconnect(r.client);
    mosquitto_destroy(r.client);
    mosquitto_lib_cleanup();
    r.meter.print();
}
