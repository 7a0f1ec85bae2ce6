// The broker's file: its tables, what they hold, and one transaction for each batch. Used from one thread at a time.
#pragma once

#include <memory>
#include <string>

#include <aldis/broker_store.hpp>

#include "database.hpp"

namespace aldis {

class broker_file {
public:
    using contents = broker_store::contents;
    using batch = broker_store::batch;

    broker_file(std::string path, sqlite_store_options const& options);
    ~broker_file();

    /// Opens or makes the file and reads all of it.
    sqlite::verdict load(contents& into);
    sqlite::verdict commit(batch const& what);

    class impl;

private:
    std::string           path_;
    sqlite_store_options  options_;
    std::unique_ptr<impl> impl_{};
};

} // namespace aldis
