// The durable store's thread: it waits for a batch, writes it, and says how that went.
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "session_file.hpp"

namespace aldis {
namespace {

class sqlite_store final : public session_store {
public:
    sqlite_store(std::string path, sqlite_store_options const& options) : path_(std::move(path)), options_(options) {}
    ~sqlite_store() override { close(); }

    error_code load(contents& into) override {
        into = {};
        if (thread_.joinable()) return error::store_in_use;
        file_ = std::make_unique<session_file>(path_, options_);
        auto said = file_->load(into);
        if (said.ec) file_.reset();
        else thread_ = std::thread([this] { work(); });
        return told(std::move(said));
    }

    void commit(std::shared_ptr<batch const> what, commit_handler done) override {
        {
            std::lock_guard const lock(mutex_);
            next_ = std::move(what);
            done_ = std::move(done);
        }
        wake_.notify_one();
    }

    void close() noexcept override {
        if (!thread_.joinable()) return;
        {
            std::lock_guard const lock(mutex_);
            ends_ = true;
        }
        wake_.notify_one();
        thread_.join();
        ends_ = false;
        file_.reset();
    }

    std::string failure() const override {
        std::lock_guard const lock(mutex_);
        return failure_;
    }

private:
    void work() {
        std::unique_lock lock(mutex_);
        while (true) {
            wake_.wait(lock, [this] { return ends_ || next_; });
            if (!next_) return;
            auto const what = std::exchange(next_, nullptr);
            auto const done = std::exchange(done_, nullptr);
            lock.unlock();
            done(told(file_->commit(*what)));
            lock.lock();
        }
    }

    error_code told(session_file::verdict said) {
        std::lock_guard const lock(mutex_);
        failure_ = std::move(said.text);
        return said.ec;
    }

    std::string                   path_;
    sqlite_store_options          options_;
    std::unique_ptr<session_file> file_{};                         // the thread's, while there is one
    mutable std::mutex            mutex_{};
    std::condition_variable       wake_{};
    std::shared_ptr<batch const>  next_{};
    commit_handler                done_{};
    std::string                   failure_{};
    bool                          ends_ = false;
    std::thread                   thread_{};
};

} // namespace

std::shared_ptr<session_store> make_sqlite_store(std::string path, sqlite_store_options const& options) {
    return std::make_shared<sqlite_store>(std::move(path), options);
}

} // namespace aldis
