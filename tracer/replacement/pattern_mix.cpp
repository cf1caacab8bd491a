#include "tracer/replacement/pattern_mix.h"

#include <algorithm>
#include <stdexcept>

#include <ATen/ATen.h>

// One source, compiled for three generations of x86; the loader picks at start. Sanitizers do not
// work inside the resolver, so their build uses the plain version.
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__)
#define CIRCUIT_VECTOR_CLONES \
  __attribute__((target_clones("arch=skylake-avx512", "arch=haswell", "default")))
#else
#define CIRCUIT_VECTOR_CLONES
#endif

namespace circuit {
namespace {

// A chunk of a head that stays in registers while all queries are added to it.
constexpr std::int64_t kChunk = 32;

template <class T, class Sum>
[[gnu::always_inline]] inline void mix_chunk(const T* pattern, const MixShape& s,
                                             std::int64_t group, std::int64_t key,
                                             std::int64_t position,
                                             std::span<const void* const> outputs,
                                             std::int64_t begin, std::int64_t width, T* out) {
  const std::int64_t heads_per_group = s.n_heads / s.n_kv_heads;
  Sum sums[kChunk] = {};
  for (std::int64_t i = 0; i < heads_per_group; ++i) {
    const std::int64_t head = group * heads_per_group + i;
    const T* weights = pattern + head * s.n_positions * s.n_positions + key;
    for (std::int64_t q = std::max(key, s.zero_positions); q <= position; ++q) {
      const Sum weight = static_cast<Sum>(weights[q * s.n_positions]);
      const T* row =
          static_cast<const T*>(outputs[static_cast<std::size_t>(q)]) + head * s.d_head + begin;
      if (width == kChunk) {
        for (std::int64_t d = 0; d < kChunk; ++d) sums[d] += weight * static_cast<Sum>(row[d]);
      } else {
        for (std::int64_t d = 0; d < width; ++d) sums[d] += weight * static_cast<Sum>(row[d]);
      }
    }
  }
  for (std::int64_t d = 0; d < width; ++d) out[begin + d] = static_cast<T>(sums[d]);
}

template <class T, class Sum>
[[gnu::always_inline]] inline void mix_all(const void* pattern, const MixShape& s,
                                           std::int64_t position,
                                           std::span<const void* const> outputs,
                                           std::span<void* const> mixed) {
  for (std::int64_t key = 0; key <= position; ++key) {
    for (std::int64_t group = 0; group < s.n_kv_heads; ++group) {
      T* out = static_cast<T*>(mixed[static_cast<std::size_t>(key)]) + group * s.d_head;
      for (std::int64_t begin = 0; begin < s.d_head; begin += kChunk) {
        mix_chunk<T, Sum>(static_cast<const T*>(pattern), s, group, key, position, outputs, begin,
                          std::min(kChunk, s.d_head - begin), out);
      }
    }
  }
}

CIRCUIT_VECTOR_CLONES void mix_float(const void* pattern, const MixShape& s, std::int64_t position,
                                     std::span<const void* const> outputs,
                                     std::span<void* const> mixed) {
  mix_all<float, float>(pattern, s, position, outputs, mixed);
}

CIRCUIT_VECTOR_CLONES void mix_double(const void* pattern, const MixShape& s, std::int64_t position,
                                      std::span<const void* const> outputs,
                                      std::span<void* const> mixed) {
  mix_all<double, double>(pattern, s, position, outputs, mixed);
}

}  // namespace

void mix_pattern(at::ScalarType type, const void* pattern, const MixShape& shape,
                 std::int64_t position, std::span<const void* const> outputs,
                 std::span<void* const> mixed) {
  switch (type) {
    case at::kFloat:
      return mix_float(pattern, shape, position, outputs, mixed);
    case at::kDouble:
      return mix_double(pattern, shape, position, outputs, mixed);
    case at::kBFloat16:
      return mix_all<at::BFloat16, float>(pattern, shape, position, outputs, mixed);
    default:
      throw std::invalid_argument("[mix_pattern] expected float, double or bfloat16");
  }
}

}  // namespace circuit
