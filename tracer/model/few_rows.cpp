#include "tracer/model/few_rows.h"

#include <algorithm>
#include <cstddef>
#include <cstring>

#include <ATen/ATen.h>

#include "tracer/machine/threads.h"
#include "tracer/machine/vector_clones.h"

namespace circuit {
namespace {

constexpr std::int64_t kMostRows = 64;
constexpr std::int64_t kCacheLine = 64;  // bytes
// Outputs of one task: 150 kB of weights for d_model 576, some 10 µs of reading.
constexpr std::int64_t kOutputsPerTask = 64;

/// The outputs [begin, end) of all rows. Of the weight's two strides one is 1.
template <class Weight, class Sum>
struct Product {
  const Sum* x;  // [rows, in]
  std::int64_t rows, in;
  const Weight* weight;
  std::int64_t stride;  // the other one
  Sum* out;             // [rows, outputs]
  std::int64_t outputs;
};

template <class Sum>
struct VectorOf {
  using type [[gnu::vector_size(kVectorBytes)]] = Sum;
  static constexpr std::int64_t size = kVectorBytes / sizeof(Sum);
};
template <class Sum>
using Vector = typename VectorOf<Sum>::type;

// `count` values, the other lanes 0; whole vectors where the compiler sees that it is all lanes.
template <class Sum>
[[gnu::always_inline]] inline void load(Vector<Sum>& to, const Sum* from, std::int64_t count) {
  to = Vector<Sum>{};
  std::memcpy(&to, from, static_cast<std::size_t>(count) * sizeof(Sum));
}

// The upper half of a float is the bf16 that it is rounded to.
[[gnu::always_inline]] inline void load_weights(Vector<float>& to, const at::BFloat16* from,
                                                std::int64_t count) {
  using Halves [[gnu::vector_size(kVectorBytes / 2)]] = std::uint16_t;
  using Wholes [[gnu::vector_size(kVectorBytes)]] = std::uint32_t;
  Halves halves = {};
  std::memcpy(&halves, from, static_cast<std::size_t>(count) * sizeof(std::uint16_t));
  const Wholes wholes = __builtin_convertvector(halves, Wholes) << 16;
  std::memcpy(&to, &wholes, sizeof to);
}

[[gnu::always_inline]] inline void load_weights(Vector<float>& to, const float* from,
                                                std::int64_t count) {
  load<float>(to, from, count);
}

[[gnu::always_inline]] inline void load_weights(Vector<double>& to, const double* from,
                                                std::int64_t count) {
  load<double>(to, from, count);
}

template <std::int64_t kOutputs, std::int64_t kRows, class Weight, class Sum>
[[gnu::always_inline]] inline void add_products(Vector<Sum> (&sums)[kOutputs][kRows],
                                                const Weight* weight, std::int64_t stride,
                                                const Sum* x, std::int64_t in, std::int64_t count) {
  Vector<Sum> values[kRows];
  for (std::int64_t r = 0; r < kRows; ++r) load<Sum>(values[r], x + r * in, count);
  for (std::int64_t o = 0; o < kOutputs; ++o) {
    Vector<Sum> weights;
    load_weights(weights, weight + o * stride, count);
    for (std::int64_t r = 0; r < kRows; ++r) sums[o][r] += weights * values[r];
  }
}

// Rows of the weight lie together: sums of a vector's lanes, then of what they hold. Each output
// has its own vector, and what is left behind whole vectors is added to it too, so that the tile's
// size changes no bit.
template <std::int64_t kOutputs, std::int64_t kRows, class Weight, class Sum>
[[gnu::always_inline]] inline void multiply_tile(const Product<Weight, Sum>& p, std::int64_t output,
                                                 std::int64_t row) {
  constexpr std::int64_t kLanes = VectorOf<Sum>::size;
  const Weight* const weight = p.weight + output * p.stride;
  const Sum* const x = p.x + row * p.in;
  Vector<Sum> sums[kOutputs][kRows] = {};
  std::int64_t k = 0;
  // The processor does not read ahead over the end of a page: 15 % of a token's time.
  const Weight* const next = weight + kOutputs * p.stride;
  for (; k + kLanes <= p.in; k += kLanes) {
    for (std::int64_t line = 0; line < kOutputs * kLanes;
         line += kCacheLine / std::int64_t{sizeof(Weight)}) {
      __builtin_prefetch(next + k * kOutputs + line);
    }
    add_products(sums, weight + k, p.stride, x + k, p.in, kLanes);
  }
  if (k < p.in) add_products(sums, weight + k, p.stride, x + k, p.in, p.in - k);
  for (std::int64_t o = 0; o < kOutputs; ++o) {
    for (std::int64_t r = 0; r < kRows; ++r) {
      Sum sum = 0;
      for (std::int64_t lane = 0; lane < kLanes; ++lane) sum += sums[o][r][lane];
      p.out[(row + r) * p.outputs + output + o] = sum;
    }
  }
}

template <std::int64_t kOutputs, class Weight, class Sum>
[[gnu::always_inline]] inline void multiply_rows(const Product<Weight, Sum>& p,
                                                 std::int64_t output) {
  constexpr std::int64_t kRows = 3;  // with the outputs, the registers that there are
  std::int64_t row = 0;
  for (; row + kRows <= p.rows; row += kRows) multiply_tile<kOutputs, kRows>(p, output, row);
  for (; row < p.rows; ++row) multiply_tile<kOutputs, 1>(p, output, row);
}

template <class Weight, class Sum>
[[gnu::always_inline]] inline void multiply_output_major(const Product<Weight, Sum>& p,
                                                         std::int64_t begin, std::int64_t end) {
  constexpr std::int64_t kOutputs = 4;
  std::int64_t output = begin;
  for (; output + kOutputs <= end; output += kOutputs) multiply_rows<kOutputs>(p, output);
  for (; output < end; ++output) multiply_rows<1>(p, output);
}

// Columns of the weight lie together (GPT-2's files): a row of inputs at a time is added to sums
// in the first cache.
template <class Weight, class Sum>
[[gnu::always_inline]] inline void multiply_input_major(const Product<Weight, Sum>& p,
                                                        std::int64_t begin, std::int64_t end) {
  for (std::int64_t row = 0; row < p.rows; ++row) {
    Sum sums[kOutputsPerTask] = {};
    for (std::int64_t k = 0; k < p.in; ++k) {
      const Weight* const weight = p.weight + k * p.stride + begin;
      const Sum value = p.x[row * p.in + k];
      for (std::int64_t o = 0; o < end - begin; ++o) sums[o] += static_cast<Sum>(weight[o]) * value;
    }
    std::copy_n(sums, end - begin, p.out + row * p.outputs + begin);
  }
}

template <class Weight, class Sum>
[[gnu::always_inline]] inline void multiply(const Product<Weight, Sum>& p, bool is_output_major,
                                            std::int64_t begin, std::int64_t end) {
  if (is_output_major) {
    multiply_output_major(p, begin, end);
  } else {
    multiply_input_major(p, begin, end);
  }
}

CIRCUIT_VECTOR_CLONES void multiply_part(const Product<float, float>& p, bool is_output_major,
                                         std::int64_t begin, std::int64_t end) {
  multiply(p, is_output_major, begin, end);
}

CIRCUIT_VECTOR_CLONES void multiply_part(const Product<double, double>& p, bool is_output_major,
                                         std::int64_t begin, std::int64_t end) {
  multiply(p, is_output_major, begin, end);
}

CIRCUIT_VECTOR_CLONES void multiply_part(const Product<at::BFloat16, float>& p,
                                         bool is_output_major, std::int64_t begin,
                                         std::int64_t end) {
  multiply(p, is_output_major, begin, end);
}

template <class Weight, class Sum>
void multiply_all(const at::Tensor& x, const at::Tensor& weight, at::Tensor& out) {
  const bool is_output_major = weight.stride(1) == 1;
  const Product<Weight, Sum> product = {.x = x.data_ptr<Sum>(),
                                        .rows = x.size(0),
                                        .in = x.size(1),
                                        .weight = weight.data_ptr<Weight>(),
                                        .stride = weight.stride(is_output_major ? 0 : 1),
                                        .out = out.data_ptr<Sum>(),
                                        .outputs = out.size(1)};
  const std::int64_t tasks = (product.outputs + kOutputsPerTask - 1) / kOutputsPerTask;
  parallel_tasks(static_cast<std::size_t>(tasks), [&](std::size_t task) {
    const std::int64_t begin = static_cast<std::int64_t>(task) * kOutputsPerTask;
    multiply_part(product, is_output_major, begin,
                  std::min(begin + kOutputsPerTask, product.outputs));
  });
}

}  // namespace

bool are_few_rows(const at::Tensor& x, const at::Tensor& weight) {
  const at::ScalarType type = weight.scalar_type();
  return x.size(0) <= kMostRows && weight.device().is_cpu() &&
         (type == at::kFloat || type == at::kDouble || type == at::kBFloat16) &&
         (weight.stride(0) == 1 || weight.stride(1) == 1);
}

at::Tensor few_rows_product(const at::Tensor& x, const at::Tensor& weight) {
  at::Tensor out = at::empty({x.size(0), weight.size(0)}, x.options());
  const at::Tensor rows = x.contiguous();
  switch (weight.scalar_type()) {
    case at::kFloat:
      multiply_all<float, float>(rows, weight, out);
      break;
    case at::kDouble:
      multiply_all<double, double>(rows, weight, out);
      break;
    default:
      multiply_all<at::BFloat16, float>(rows.to(at::kBFloat16).to(at::kFloat), weight, out);
  }
  return out;
}

}  // namespace circuit
