#include "tracer/replacement/scaled_rows.h"

#include <algorithm>
#include <stdexcept>

#include <ATen/ATen.h>

#include "tracer/machine/threads.h"

namespace circuit {
namespace {

// Calls work(Row{}, Sum{}) with the C++ types of the rows and of their sums.
template <class Work>
void with_types(at::ScalarType rows, Work&& work) {
  switch (rows) {
    case at::kFloat:
      return work(float{}, float{});
    case at::kDouble:
      return work(double{}, double{});
    case at::kBFloat16:
      return work(at::BFloat16{}, float{});
    default:
      throw std::invalid_argument("[scaled_rows] expected float, double or bfloat16");
  }
}

template <class Row, class Sum>
void subtract_at_position(const ScaledRows& scaled, std::int64_t first, std::int64_t end,
                          std::int64_t d, Sum* sum) {
  const std::int64_t* index = scaled.index.data_ptr<std::int64_t>();
  const Sum* factors = scaled.factors.data_ptr<Sum>();
  for (std::int64_t i = first; i < end; ++i) {
    const Row* row = scaled.rows.data_ptr<Row>() + index[i] * scaled.rows.stride(0);
    const Sum factor = factors[i];
    for (std::int64_t j = 0; j < d; ++j) sum[j] -= factor * static_cast<Sum>(row[j]);
  }
}

}  // namespace

void subtract_scaled_rows(at::Tensor sums, const ScaledRows& scaled,
                          std::span<const std::int32_t> positions) {
  const std::int64_t d = sums.size(1);
  with_types(scaled.rows.scalar_type(), [&]<class Row, class Sum>(Row, Sum) {
    parallel_tasks(static_cast<std::size_t>(sums.size(0)), [&](std::size_t p) {
      const auto range = std::ranges::equal_range(positions, static_cast<std::int32_t>(p));
      subtract_at_position<Row, Sum>(scaled, range.begin() - positions.begin(),
                                     range.end() - positions.begin(), d,
                                     sums.data_ptr<Sum>() + static_cast<std::int64_t>(p) * d);
    });
  });
}

void gather_scaled_rows(at::Tensor out, const ScaledRows& scaled, std::int64_t first,
                        std::int64_t count) {
  const std::int64_t d = out.size(1);
  with_types(scaled.rows.scalar_type(), [&]<class Row, class Sum>(Row, Sum) {
    const std::int64_t* index = scaled.index.data_ptr<std::int64_t>() + first;
    const Sum* factors = scaled.factors.data_ptr<Sum>() + first;
    Row* target = out.data_ptr<Row>();
    for (std::int64_t i = 0; i < count; ++i, target += d) {
      const Row* row = scaled.rows.data_ptr<Row>() + index[i] * scaled.rows.stride(0);
      for (std::int64_t j = 0; j < d; ++j) {
        target[j] = static_cast<Row>(factors[i] * static_cast<Sum>(row[j]));
      }
    }
  });
}

}  // namespace circuit
