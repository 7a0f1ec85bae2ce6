// A broker's store in an SQLite file.
#include <utility>

#include "broker_file.hpp"
#include "file_store.hpp"

namespace aldis {

std::shared_ptr<broker_store> make_sqlite_broker_store(std::string path, sqlite_store_options const& options) {
    return std::make_shared<file_store<broker_store, broker_file>>(std::move(path), options);
}

} // namespace aldis
