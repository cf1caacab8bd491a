#include "tracer/replacement/pattern_mix.h"

#include <algorithm>
#include <stdexcept>

#include <ATen/ATen.h>

#include "tracer/machine/vector_clones.h"

namespace circuit {
namespace {

// A chunk of a head that stays in registers while all queries are added to it.
constexpr std::int64_t kChunk = 32;
// From here on products beat the kernel (docs/performance.md, pattern mix).
constexpr std::int64_t kPositionsForProducts = 48;
// Keys of one product: the triangle above the diagonal is skipped in steps of this.
constexpr std::int64_t kKeysPerProduct = 128;

template <class T>
struct MixArrays {
  const T* pattern;
  const T* scale;
  const T* outputs;
  T* mixed;
  T* zeroed;
  std::int64_t zeroed_stride;
};

template <class T>
[[gnu::always_inline]] inline void mix_chunk(const MixArrays<T>& arrays, const MixShape& s,
                                             std::int64_t group, std::int64_t key,
                                             std::int64_t position, std::int64_t begin,
                                             std::int64_t width, T scale, T* out) {
  const std::int64_t heads_per_group = s.n_heads / s.n_kv_heads;
  const std::int64_t stride = s.n_heads * s.d_head;
  const std::int64_t first = std::max(key, s.zero_positions);
  T sums[kChunk] = {};
  for (std::int64_t i = 0; i < heads_per_group; ++i) {
    const std::int64_t head = group * heads_per_group + i;
    const T* weight = arrays.pattern + (head * s.n_positions + first) * s.n_positions + key;
    const T* row = arrays.outputs + (first - s.zero_positions) * stride + head * s.d_head + begin;
    for (std::int64_t q = first; q <= position; ++q, weight += s.n_positions, row += stride) {
      if (width == kChunk) {
        for (std::int64_t d = 0; d < kChunk; ++d) sums[d] += *weight * row[d];
      } else {
        for (std::int64_t d = 0; d < width; ++d) sums[d] += *weight * row[d];
      }
    }
  }
  for (std::int64_t d = 0; d < width; ++d) out[begin + d] = scale * sums[d];
}

template <class T>
[[gnu::always_inline]] inline void mix_in_registers(const MixArrays<T>& arrays, const MixShape& s,
                                                    std::int64_t position) {
  const std::int64_t d_values = s.n_kv_heads * s.d_head;
  for (std::int64_t key = 0; key <= position; ++key) {
    const bool is_zeroed = key < s.zero_positions;
    T* row = is_zeroed ? arrays.zeroed + key * arrays.zeroed_stride
                       : arrays.mixed + (key - s.zero_positions) * d_values;
    const T scale = is_zeroed ? T{1} : arrays.scale[key];
    for (std::int64_t group = 0; group < s.n_kv_heads; ++group) {
      for (std::int64_t begin = 0; begin < s.d_head; begin += kChunk) {
        mix_chunk(arrays, s, group, key, position, begin, std::min(kChunk, s.d_head - begin), scale,
                  row + group * s.d_head);
      }
    }
  }
}

CIRCUIT_VECTOR_CLONES void mix_float(const MixArrays<float>& arrays, const MixShape& s,
                                     std::int64_t position) {
  mix_in_registers(arrays, s, position);
}

CIRCUIT_VECTOR_CLONES void mix_double(const MixArrays<double>& arrays, const MixShape& s,
                                      std::int64_t position) {
  mix_in_registers(arrays, s, position);
}

template <class T>
MixArrays<T> arrays_of(const at::Tensor& pattern, const at::Tensor& scale,
                       const at::Tensor& outputs, at::Tensor& mixed, at::Tensor& zeroed) {
  return {pattern.data_ptr<T>(), scale.data_ptr<T>(),  outputs.data_ptr<T>(),
          mixed.data_ptr<T>(),   zeroed.data_ptr<T>(), zeroed.stride(0)};
}

// The keys [begin, end) of one group, from queries `first` on, into rows of `target`.
void mix_by_product(const MixShape& s, std::int64_t group, std::int64_t begin, std::int64_t end,
                    std::int64_t first, std::int64_t position, const at::Tensor& pattern,
                    const at::Tensor& outputs, at::Tensor target) {
  const std::int64_t heads_per_group = s.n_heads / s.n_kv_heads;
  at::Tensor sum = target.narrow(1, group * s.d_head, s.d_head);
  const std::int64_t queries = position + 1 - first;
  for (std::int64_t i = 0; i < heads_per_group; ++i) {
    const std::int64_t head = group * heads_per_group + i;
    sum.addmm_(
        pattern.select(0, head).narrow(0, first, queries).narrow(1, begin, end - begin).t(),
        outputs.narrow(0, first - s.zero_positions, queries).narrow(1, head * s.d_head, s.d_head),
        /*beta=*/i == 0 ? 0 : 1);
  }
}

void mix_by_products(const MixShape& s, std::int64_t position, const at::Tensor& pattern,
                     const at::Tensor& scale, const at::Tensor& outputs, at::Tensor& mixed,
                     at::Tensor& zeroed) {
  const std::int64_t zero = s.zero_positions;
  for (std::int64_t group = 0; group < s.n_kv_heads; ++group) {
    mix_by_product(s, group, 0, zero, zero, position, pattern, outputs, zeroed);
    for (std::int64_t begin = zero; begin <= position; begin += kKeysPerProduct) {
      const std::int64_t end = std::min(begin + kKeysPerProduct, position + 1);
      mix_by_product(s, group, begin, end, begin, position, pattern, outputs,
                     mixed.narrow(0, begin - zero, end - begin));
    }
  }
  mixed.mul_(scale.narrow(0, zero, position + 1 - zero).unsqueeze(1));
}

}  // namespace

void mix_pattern(const MixShape& shape, std::int64_t position, const at::Tensor& pattern,
                 const at::Tensor& scale, const at::Tensor& outputs, at::Tensor mixed,
                 at::Tensor zeroed) {
  const at::ScalarType type = outputs.scalar_type();
  if (type != at::kFloat && type != at::kDouble) {
    throw std::invalid_argument("[mix_pattern] expected float or double");
  }
  if (position >= kPositionsForProducts) {
    return mix_by_products(shape, position, pattern, scale, outputs, mixed, zeroed);
  }
  if (type == at::kFloat) {
    mix_float(arrays_of<float>(pattern, scale, outputs, mixed, zeroed), shape, position);
  } else {
    mix_double(arrays_of<double>(pattern, scale, outputs, mixed, zeroed), shape, position);
  }
}

}  // namespace circuit
