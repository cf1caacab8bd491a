// How loops are compiled that are worth it for several generations of a processor.
#pragma once

#include <cstddef>

// Before a function: one source, compiled for three levels of x86; the loader picks at start by
// what the processor can do (with the name of a processor in place of a level, by that model
// alone). Sanitizers do not work inside the resolver, so their build uses the plain version.
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__)
#define CIRCUIT_VECTOR_CLONES \
  __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CIRCUIT_VECTOR_CLONES
#endif

namespace circuit {

/// Of the vectors of loops that name them: no wider than what all of those levels but the plain one
/// have, because wider ones are kept in memory instead of registers.
#if defined(__x86_64__)
inline constexpr std::size_t kVectorBytes = 32;
#else
inline constexpr std::size_t kVectorBytes = 16;
#endif

}  // namespace circuit
