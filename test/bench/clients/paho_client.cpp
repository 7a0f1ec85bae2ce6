// The compared work done with Paho's C client, asynchronous, on its own threads.
#include <atomic>
#include <condition_variable>
#include <mutex>

#include <MQTTAsync.h>

#include "job.hpp"

namespace {

struct runner {
    bench::job              job;
    bench::meter            meter{job};
    MQTTAsync               client = nullptr;
    std::string             topic = job.topic();
    std::vector<char>       payload = std::vector<char>(job.size);
    std::mutex              lock{};
    std::condition_variable changed{};
    std::uint64_t           sent = 0;
    bool                    ready = false;
    std::atomic<bool>       ending{false};             // a message may be back before its acknowledgement: disconnecting fails what waits for it

    void tell_done() {
        std::lock_guard const held{lock};
        meter.done();
        changed.notify_one();
    }
    void tell_ready() {
        std::lock_guard const held{lock};
        ready = true;
        changed.notify_one();
    }
};

runner& of(void* context) { return *static_cast<runner*>(context); }

void on_failure(void* context, MQTTAsync_failureData* why) {
    if (!of(context).ending) bench::give_up(why && why->message ? why->message : "paho: an operation failed");
}
void on_sent(void* context, MQTTAsync_successData*) {
    if (of(context).job.what == bench::work::pub) of(context).tell_done();
}
void on_ready(void* context, MQTTAsync_successData*) { of(context).tell_ready(); }
void on_lost(void*, char*) { bench::give_up("paho: the connection is lost"); }

int on_message(void* context, char* topic, int, MQTTAsync_message* m) {
    auto& r = of(context);
    if (static_cast<std::size_t>(m->payloadlen) != r.job.size) bench::give_up("a message has the wrong size");
    {
        std::lock_guard const held{r.lock};
        if (r.job.what == bench::work::loop) {
            std::uint64_t then = 0;
            std::memcpy(&then, m->payload, sizeof then);
            r.meter.took(bench::nanoseconds_now() - then);
        }
        r.meter.done();
        r.changed.notify_one();
    }
    MQTTAsync_freeMessage(&m);
    MQTTAsync_free(topic);
    return 1;
}

void on_connected(void* context, MQTTAsync_successData*) {
    auto& r = of(context);
    if (r.job.what == bench::work::pub) return r.tell_ready();
    MQTTAsync_responseOptions how = MQTTAsync_responseOptions_initializer;
    how.context = &r;
    how.onSuccess = on_ready;
    how.onFailure = on_failure;
    if (MQTTAsync_subscribe(r.client, r.topic.c_str(), r.job.qos, &how) != MQTTASYNC_SUCCESS) bench::give_up("paho: subscribe");
}

void connect(runner& r) {
    auto const uri = "tcp://127.0.0.1:" + std::to_string(r.job.port);
    bool const is_durable = !r.job.folder.empty();
    int const  persistence = is_durable ? MQTTCLIENT_PERSISTENCE_DEFAULT : MQTTCLIENT_PERSISTENCE_NONE;
    if (MQTTAsync_create(&r.client, uri.c_str(), "bench", persistence, is_durable ? r.job.folder.data() : nullptr) != MQTTASYNC_SUCCESS)
        bench::give_up("paho: create");
    MQTTAsync_setCallbacks(r.client, &r, on_lost, on_message, nullptr);
    MQTTAsync_connectOptions how = MQTTAsync_connectOptions_initializer;
    how.cleansession = is_durable ? 0 : 1;
    how.maxInflight = static_cast<int>(r.job.what == bench::work::recv ? 65'535 : r.job.window);
    how.context = &r;
    how.onSuccess = on_connected;
    how.onFailure = on_failure;
    if (MQTTAsync_connect(r.client, &how) != MQTTASYNC_SUCCESS) bench::give_up("paho: connect");
}

void publish_one(runner& r) {
    auto const now = bench::nanoseconds_now();
    if (r.job.what == bench::work::loop) std::memcpy(r.payload.data(), &now, sizeof now);
    MQTTAsync_responseOptions how = MQTTAsync_responseOptions_initializer;
    how.context = &r;
    how.onSuccess = on_sent;
    how.onFailure = on_failure;
    if (MQTTAsync_send(r.client, r.topic.c_str(), static_cast<int>(r.payload.size()), r.payload.data(), r.job.qos, 0, &how) != MQTTASYNC_SUCCESS)
        bench::give_up("paho: send");
}

} // namespace

int main(int argc, char** argv) {
    runner r{.job = bench::read_job(argc, argv)};
    connect(r);
    std::unique_lock held{r.lock};
    if (r.job.what != bench::work::recv) {
        r.changed.wait(held, [&] { return r.ready; });
        for (; r.sent < r.job.total(); ++r.sent) {
            r.changed.wait(held, [&] { return r.sent - r.meter.count() < r.job.window; });
            held.unlock();
            publish_one(r);
            held.lock();
        }
    }
    r.changed.wait(held, [&] { return r.meter.is_done(); });
    held.unlock();
    r.ending = true;
    MQTTAsync_setCallbacks(r.client, &r, nullptr, on_message, nullptr);
    MQTTAsync_disconnectOptions how = MQTTAsync_disconnectOptions_initializer;
    MQTTAsync_disconnect(r.client, &how);
    r.meter.print();
    std::fflush(stdout);
    std::_Exit(0);                                                 // its threads need not be waited for
}
