// The durable store's file: its tables, what they hold, and one transaction for each batch. Used from one thread at a time.
#pragma once

#include <memory>
#include <string>

#include <aldis/session_store.hpp>

namespace aldis {

class session_file {
public:
    /// How an attempt ended, with a line for people about it.
    struct verdict {
        error_code  ec{};
        std::string text{};
    };

    session_file(std::string path, sqlite_store_options const& options);
    ~session_file();

    /// Opens or makes the file and reads all of it.
    verdict load(session_store::contents& into);
    verdict commit(session_store::batch const& what);

    class impl;

private:
    template <class Work>
    verdict guarded(Work work);

    std::string           path_;
    sqlite_store_options  options_;
    std::unique_ptr<impl> impl_{};
};

} // namespace aldis
