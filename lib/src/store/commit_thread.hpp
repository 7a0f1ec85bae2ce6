// A store's thread: it waits for a batch, writes it, and says how that went.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "database.hpp"

namespace aldis {

/// `File` is opened by `load(contents&)` and written by `commit(batch const&)`, both of which give a verdict; once open it is the thread's.
template <class File>
class commit_thread {
public:
    using batch = typename File::batch;
    using contents = typename File::contents;
    using commit_handler = std::function<void(error_code)>;

    commit_thread() = default;
    commit_thread(commit_thread const&) = delete;
    commit_thread& operator=(commit_thread const&) = delete;
    ~commit_thread() { close(); }

    error_code load(std::unique_ptr<File> file, contents& into) {
        into = {};
        if (thread_.joinable()) return error::store_in_use;
        auto said = file->load(into);
        if (!said.ec) {
            file_ = std::move(file);
            thread_ = std::thread([this] { work(); });
        }
        return told(std::move(said));
    }

    void commit(std::shared_ptr<batch const> what, commit_handler done) {
        {
            std::lock_guard const lock(mutex_);
            next_ = std::move(what);
            done_ = std::move(done);
        }
        wake_.notify_one();
    }

    /// Writes what was given, ends the thread, closes the file.
    void close() noexcept {
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

    std::string failure() const {
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

    error_code told(sqlite::verdict said) {
        std::lock_guard const lock(mutex_);
        failure_ = std::move(said.text);
        return said.ec;
    }

    std::unique_ptr<File>        file_{};                          // the thread's, while there is one
    mutable std::mutex           mutex_{};
    std::condition_variable      wake_{};
    std::shared_ptr<batch const> next_{};
    commit_handler               done_{};
    std::string                  failure_{};
    bool                         ends_ = false;
    std::thread                  thread_{};
};

} // namespace aldis
