// Loaded before a program (LD_PRELOAD), counts its calls of malloc, calloc, realloc and aligned_alloc.
#include <atomic>
#include <cstddef>

extern "C" {

void* __libc_malloc(std::size_t) noexcept;
void* __libc_calloc(std::size_t, std::size_t) noexcept;
void* __libc_realloc(void*, std::size_t) noexcept;
void* __libc_memalign(std::size_t, std::size_t) noexcept;

static std::atomic<unsigned long> calls{0};

unsigned long counted_allocations() { return calls.load(std::memory_order_relaxed); }

void* malloc(std::size_t n) noexcept {
    calls.fetch_add(1, std::memory_order_relaxed);
    return __libc_malloc(n);
}
void* calloc(std::size_t n, std::size_t each) noexcept {
    calls.fetch_add(1, std::memory_order_relaxed);
    return __libc_calloc(n, each);
}
void* realloc(void* old, std::size_t n) noexcept {
    calls.fetch_add(1, std::memory_order_relaxed);
    return __libc_realloc(old, n);
}
void* aligned_alloc(std::size_t align, std::size_t n) noexcept {
    calls.fetch_add(1, std::memory_order_relaxed);
    return __libc_memalign(align, n);
}

}
