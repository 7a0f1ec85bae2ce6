// A session's store in an SQLite file.
#include <utility>

#include "file_store.hpp"
#include "session_file.hpp"

namespace aldis {

std::shared_ptr<session_store> make_sqlite_store(std::string path, sqlite_store_options const& options) {
    return std::make_shared<file_store<session_store, session_file>>(std::move(path), options);
}

} // namespace aldis
