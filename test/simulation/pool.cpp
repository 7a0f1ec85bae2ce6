// Memory for one thread: a schedule takes and returns the same few sizes hundreds of times, and the C library's allocator would be a
// sixth of its time. Linked into the simulation only where no sanitizer watches memory.
#include <cstddef>
#include <cstdlib>
#include <new>

namespace {

constexpr std::size_t header = 16;                                 // keeps what follows aligned
constexpr std::size_t step = 64;
constexpr std::size_t classes = 128;                               // of up to 8 KiB; what is larger goes to the C library

struct block { block* next; };
constinit block* free_blocks[classes] = {};

/// The class stands in front of what is handed out; `classes` for what is larger.
std::size_t& class_of(void* front) noexcept { return *static_cast<std::size_t*>(front); }

void* take(std::size_t size) {
    std::size_t const of = size == 0 ? 0 : (size - 1) / step;
    bool const pooled = of < classes;
    void* front = nullptr;
    if (pooled && free_blocks[of] != nullptr) {
        front = free_blocks[of];
        free_blocks[of] = free_blocks[of]->next;
    } else {
        front = std::malloc(header + (pooled ? (of + 1) * step : size));
        if (front == nullptr) throw std::bad_alloc{};
    }
    class_of(front) = pooled ? of : classes;
    return static_cast<std::byte*>(front) + header;
}

void give_back(void* memory) noexcept {
    if (memory == nullptr) return;
    void* const front = static_cast<std::byte*>(memory) - header;
    auto const of = class_of(front);
    if (of == classes) return std::free(front);
    free_blocks[of] = ::new (front) block{free_blocks[of]};
}

} // namespace

void* operator new(std::size_t size) { return take(size); }
void* operator new[](std::size_t size) { return take(size); }
void  operator delete(void* memory) noexcept { give_back(memory); }
void  operator delete[](void* memory) noexcept { give_back(memory); }
void  operator delete(void* memory, std::size_t) noexcept { give_back(memory); }
void  operator delete[](void* memory, std::size_t) noexcept { give_back(memory); }
