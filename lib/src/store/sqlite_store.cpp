// A session's store in an SQLite file.
#include <utility>

#include "commit_thread.hpp"
#include "session_file.hpp"

namespace aldis {
namespace {

class sqlite_store final : public session_store {
public:
    sqlite_store(std::string path, sqlite_store_options const& options) : path_(std::move(path)), options_(options) {}

    error_code  load(contents& into) override { return thread_.load(std::make_unique<session_file>(path_, options_), into); }
    void        commit(std::shared_ptr<batch const> what, commit_handler done) override { thread_.commit(std::move(what), std::move(done)); }
    void        close() noexcept override { thread_.close(); }
    std::string failure() const override { return thread_.failure(); }

private:
    std::string                 path_;
    sqlite_store_options        options_;
    commit_thread<session_file> thread_{};
};

} // namespace

std::shared_ptr<session_store> make_sqlite_store(std::string path, sqlite_store_options const& options) {
    return std::make_shared<sqlite_store>(std::move(path), options);
}

} // namespace aldis
