// Bytes in reading order, from a descriptor or from memory.
#include "byte_input.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace aldis::app::dump {
namespace {

constexpr std::size_t usual_capacity = 512U << 10;

// Of what is small no more is kept than there is, and one byte to see the end.
std::size_t first_capacity(std::uint64_t total) noexcept {
    return total == 0 || total >= usual_capacity ? usual_capacity : static_cast<std::size_t>(total) + 1;
}

class descriptor_input final : public byte_input {
public:
    descriptor_input(int descriptor, bool owned, std::string name) : descriptor_(descriptor), owned_(owned), name_(std::move(name)) {
        struct stat about{};
        if (::fstat(descriptor_, &about) != 0) return;
        if (S_ISDIR(about.st_mode)) {
            close();
            throw input_error(name_ + " is a directory: name a file in it.");
        }
        if (S_ISREG(about.st_mode)) total_ = static_cast<std::uint64_t>(about.st_size);
    }
    ~descriptor_input() override { close(); }
    descriptor_input(descriptor_input const&) = delete;
    descriptor_input& operator=(descriptor_input const&) = delete;

    std::size_t read(std::byte* into, std::size_t size) override {
        auto const got = ::read(descriptor_, into, size);
        if (got >= 0) return static_cast<std::size_t>(got);
        if (errno == EINTR) return 0;                              // told to stop: what came so far is the input
        throw input_error(name_ + " cannot be read: " + std::strerror(errno) + ".");
    }
    std::uint64_t total() const noexcept override { return total_; }

private:
    void close() noexcept {
        if (owned_) ::close(descriptor_);
        owned_ = false;
    }

    int           descriptor_;
    bool          owned_;
    std::string   name_;
    std::uint64_t total_ = 0;
};

class bytes_in_memory final : public byte_input {
public:
    explicit bytes_in_memory(bytes_view bytes) : left_(bytes), total_(bytes.size()) {}

    std::size_t read(std::byte* into, std::size_t size) override {
        size = std::min(size, left_.size());
        if (size != 0) std::memcpy(into, left_.data(), size);
        left_ = left_.subspan(size);
        return size;
    }
    std::uint64_t total() const noexcept override { return total_; }

private:
    bytes_view    left_;
    std::uint64_t total_;
};

} // namespace

std::unique_ptr<byte_input> open_input(std::string const& path) {
    if (path == "-") return std::make_unique<descriptor_input>(STDIN_FILENO, false, "Standard input");
    int const descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) throw input_error(path + " cannot be opened: " + std::strerror(errno) + ".");
    return std::make_unique<descriptor_input>(descriptor, true, path);
}

std::unique_ptr<byte_input> memory_input(bytes_view bytes) { return std::make_unique<bytes_in_memory>(bytes); }

// Moves what is left to the front and reads behind it. The buffer grows with what came, never with what was asked for alone.
void input_buffer::fill(std::size_t size) {
    auto const left = end_ - begin_;
    if (begin_ != 0 && left != 0) std::memmove(data_.get(), data_.get() + begin_, left);
    begin_ = 0;
    end_ = left;
    while (end_ < size) {
        if (end_ == capacity_) {
            auto const capacity = capacity_ == 0 ? first_capacity(from_->total()) : 2 * capacity_;
            std::unique_ptr<std::byte[]> larger{new std::byte[capacity]};
            if (end_ != 0) std::memcpy(larger.get(), data_.get(), end_);
            data_ = std::move(larger);
            capacity_ = capacity;
        }
        auto const got = from_->read(data_.get() + end_, capacity_ - end_);
        if (got == 0) return;
        end_ += got;
        read_ += got;
    }
}

std::uint64_t input_buffer::pass(std::uint64_t size) {
    auto left = size;
    while (left != 0) {
        auto const step = static_cast<std::size_t>(std::min<std::uint64_t>({left, peek(1).size()}));
        if (step == 0) break;
        skip(step);
        left -= step;
    }
    return size - left;
}

} // namespace aldis::app::dump
