#include "tests/fuzz/held_memory.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <new>

// Only clang has the header; what gcc builds with the sanitizer counts operator new.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) && __has_include(<sanitizer/allocator_interface.h>)
#define CIRCUIT_COUNTS_MALLOC 1
#endif
#endif

#ifdef CIRCUIT_COUNTS_MALLOC
#include <sanitizer/allocator_interface.h>
#else
#include <malloc.h>
#endif

namespace circuit::fuzz {
namespace {

constexpr std::int64_t kNoLimit = std::numeric_limits<std::int64_t>::max();

std::int64_t held = 0;
std::int64_t held_limit = kNoLimit;
std::int64_t single_limit = kNoLimit;

void lift_limits() {
  held_limit = kNoLimit;
  single_limit = kNoLimit;
}

void take(std::size_t size) {
  const auto taken = static_cast<std::int64_t>(size);
  held += taken;
  if (held <= held_limit && taken <= single_limit) return;
  const std::int64_t most = held_limit, largest = single_limit;
  lift_limits();  // what reports it allocates too
  std::fprintf(stderr,
               "fuzz: %lld bytes are held, %lld are allowed; the last allocation is %lld, %lld are "
               "allowed\n",
               static_cast<long long>(held), static_cast<long long>(most),
               static_cast<long long>(taken), static_cast<long long>(largest));
  std::abort();
}

void give_back(std::size_t size) { held -= static_cast<std::int64_t>(size); }

#ifdef CIRCUIT_COUNTS_MALLOC
void on_malloc(const volatile void* /*address*/, std::size_t size) { take(size); }
void on_free(const volatile void* address) {
  if (address == nullptr) return;
  give_back(__sanitizer_get_allocated_size(const_cast<const void*>(address)));
}

const int kInstalled = __sanitizer_install_malloc_and_free_hooks(on_malloc, on_free);
#endif

}  // namespace

HeldMemoryLimit::HeldMemoryLimit(std::size_t most, std::size_t largest) {
  held = 0;
  held_limit = static_cast<std::int64_t>(most);
  single_limit = static_cast<std::int64_t>(largest);
}

HeldMemoryLimit::~HeldMemoryLimit() { lift_limits(); }

}  // namespace circuit::fuzz

#ifndef CIRCUIT_COUNTS_MALLOC
void* operator new(std::size_t size) {
  void* const address = std::malloc(size);
  if (address == nullptr) throw std::bad_alloc();
  circuit::fuzz::take(::malloc_usable_size(address));
  return address;
}

void operator delete(void* address) noexcept {
  if (address == nullptr) return;
  circuit::fuzz::give_back(::malloc_usable_size(address));
  std::free(address);
}

void operator delete(void* address, std::size_t /*size*/) noexcept { operator delete(address); }
#endif
