#include "tracer/model/affine.h"

#include <algorithm>

#include <ATen/ATen.h>

#include "tracer/machine/threads.h"
#include "tracer/model/few_rows.h"
#include "transcoders/product.h"

namespace circuit {
namespace {

// Outputs of one task. The weights of a prompt's forward are read once, so what counts is that all
// threads read: a quarter of a megabyte each time for d_model 576.
constexpr std::int64_t kOutputsPerTask = 128;

void affine_part(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                 at::Tensor out) {
  if (bias.defined() && x.scalar_type() == weight.scalar_type()) {
    at::addmm_out(out, bias, x, weight.t());
    return;
  }
  product_into(out, x, weight.t());
  if (bias.defined()) out.add_(bias);
}

}  // namespace

at::Tensor affine(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                  Rows rows) {
  if (rows == Rows::kApart && are_few_rows(x, weight)) {
    at::Tensor few = few_rows_product(x, weight);
    if (bias.defined()) few.add_(bias);
    return few;
  }
  const std::int64_t outputs = weight.size(0);
  const at::Tensor result = at::empty({x.size(0), outputs}, x.options());
  const std::int64_t tasks = (outputs + kOutputsPerTask - 1) / kOutputsPerTask;
  parallel_tasks(static_cast<std::size_t>(tasks), [&](std::size_t task) {
    const std::int64_t first = static_cast<std::int64_t>(task) * kOutputsPerTask;
    const std::int64_t count = std::min(kOutputsPerTask, outputs - first);
    affine_part(x, weight.narrow(0, first, count),
                bias.defined() ? bias.narrow(0, first, count) : bias,
                result.narrow(1, first, count));
  });
  return result;
}

}  // namespace circuit
