// A broker's store in an SQLite file.
#include <utility>

#include "broker_file.hpp"
#include "commit_thread.hpp"

namespace aldis {
namespace {

class sqlite_broker_store final : public broker_store {
public:
    sqlite_broker_store(std::string path, sqlite_store_options const& options) : path_(std::move(path)), options_(options) {}

    error_code  load(contents& into) override { return thread_.load(std::make_unique<broker_file>(path_, options_), into); }
    void        commit(std::shared_ptr<batch const> what, commit_handler done) override { thread_.commit(std::move(what), std::move(done)); }
    void        close() noexcept override { thread_.close(); }
    std::string failure() const override { return thread_.failure(); }

private:
    std::string                path_;
    sqlite_store_options       options_;
    commit_thread<broker_file> thread_{};
};

} // namespace

std::shared_ptr<broker_store> make_sqlite_broker_store(std::string path, sqlite_store_options const& options) {
    return std::make_shared<sqlite_broker_store>(std::move(path), options);
}

} // namespace aldis
