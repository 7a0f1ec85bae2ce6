// The durable store's file: its tables, what they hold, and one transaction for each batch. Used from one thread at a time.
#pragma once

#include <memory>
#include <string>

#include <aldis/session_store.hpp>

#include "database.hpp"

namespace aldis {

class session_file {
public:
    using contents = session_store::contents;
    using batch = session_store::batch;
    using verdict = sqlite::verdict;

    session_file(std::string path, sqlite_store_options const& options);
    ~session_file();

    /// Opens or makes the file and reads all of it.
    verdict load(contents& into);
    verdict commit(batch const& what);

    class impl;

private:
    std::string           path_;
    sqlite_store_options  options_;
    std::unique_ptr<impl> impl_{};
};

} // namespace aldis
