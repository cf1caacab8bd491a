#include "tracer/attribution/target_covectors.h"

#include <vector>

#include <ATen/ATen.h>

#include "transcoders/product.h"
#include "transcoders/tensor_view.h"

namespace circuit {

at::Tensor target_covectors(const Model& model, std::span<const TargetTokens> tokens) {
  const at::ScalarType type = sum_type(model.dtype);
  const at::Tensor mean = model.unembedding.mean(0).to(type);
  release_pages(model.unembedding);
  std::vector<at::Tensor> rows;
  for (const TargetTokens& one : tokens) {
    rows.push_back(model.unembedding.select(0, one.a).to(type) -
                   (one.b ? model.unembedding.select(0, *one.b).to(type) : mean));
  }
  return at::stack(rows).to(at::kCPU);
}

at::Tensor target_covectors(const Model& model, const TranscoderSet& transcoders,
                            std::span<const Target> targets,
                            std::span<const std::optional<TargetTokens>> tokens) {
  std::vector<TargetTokens> named;
  for (const auto& one : tokens) {
    if (one) named.push_back(*one);
  }
  const at::Tensor unembedded = named.empty() ? at::Tensor() : target_covectors(model, named);
  std::int64_t next = 0;
  std::vector<at::Tensor> rows;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const Target& target = targets[i];
    if (target.kind == TargetKind::kFeature) {
      const at::Tensor feature = at::tensor({std::int64_t{target.feature}}, at::kLong);
      rows.push_back(transcoders.encoder_rows(target.layer, feature).select(0, 0));
    } else if (target.kind == TargetKind::kVector) {
      rows.push_back(at::tensor(target.vector));
    } else {
      rows.push_back(unembedded.select(0, next++));
    }
    rows.back() = rows.back().to(sum_type(model.dtype));
  }
  return at::stack(rows);
}

}  // namespace circuit
