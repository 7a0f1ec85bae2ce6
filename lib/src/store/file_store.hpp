// A store that is a file with a thread of its own: what the stores in SQLite files have in common.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include <aldis/session_store.hpp>

#include "commit_thread.hpp"

namespace aldis {

/// `Store` is the interface, `File` what the thread works on.
template <class Store, class File>
class file_store final : public Store {
public:
    file_store(std::string path, sqlite_store_options const& options) : path_(std::move(path)), options_(options) {}

    error_code load(typename Store::contents& into) override { return thread_.load(std::make_unique<File>(path_, options_), into); }
    void       commit(std::shared_ptr<typename Store::batch const> what, typename Store::commit_handler done) override {
        thread_.commit(std::move(what), std::move(done));
    }
    void        close() noexcept override { thread_.close(); }
    std::string failure() const override { return thread_.failure(); }

private:
    std::string          path_;
    sqlite_store_options options_;
    commit_thread<File>  thread_{};
};

} // namespace aldis
