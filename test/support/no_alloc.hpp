// Counts what is allocated in this program. Include it in exactly one source of a program: it replaces operator new.
// Under a sanitizer, which has its own, it asks that one to tell of each allocation instead.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define ALDIS_SANITIZER_COUNTS
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define ALDIS_SANITIZER_COUNTS
#endif
#endif

#ifdef ALDIS_SANITIZER_COUNTS
#include <sanitizer/allocator_interface.h>
#endif

namespace aldis::test {

inline std::atomic<std::size_t> allocations{0};

/// How many allocations happened since it was made.
class allocation_count {
public:
    std::size_t so_far() const noexcept { return allocations.load(std::memory_order_relaxed) - before_; }

private:
    std::size_t before_ = allocations.load(std::memory_order_relaxed);
};

} // namespace aldis::test

#ifdef ALDIS_SANITIZER_COUNTS

namespace aldis::test {
inline int const hook_installed = __sanitizer_install_malloc_and_free_hooks(
    [](void const volatile*, std::size_t) { allocations.fetch_add(1, std::memory_order_relaxed); }, [](void const volatile*) {});
}

#else

namespace aldis::test {
inline void* counted_allocation(std::size_t size, std::size_t alignment) {
    allocations.fetch_add(1, std::memory_order_relaxed);
    size = size == 0 ? 1 : size;
    void* const at = alignment <= alignof(std::max_align_t) ? std::malloc(size)
                                                            : std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
    if (at == nullptr) throw std::bad_alloc{};
    return at;
}
} // namespace aldis::test

// The other forms (array, nothrow) call these by the standard's own defaults.
void* operator new(std::size_t size) { return aldis::test::counted_allocation(size, 1); }
void* operator new(std::size_t size, std::align_val_t alignment) {
    return aldis::test::counted_allocation(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* at) noexcept { std::free(at); }
void operator delete(void* at, std::size_t) noexcept { std::free(at); }
void operator delete(void* at, std::align_val_t) noexcept { std::free(at); }
void operator delete(void* at, std::size_t, std::align_val_t) noexcept { std::free(at); }

#endif
