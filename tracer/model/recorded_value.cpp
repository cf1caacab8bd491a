#include <ATen/ATen.h>

#include "tracer/model/model.h"

namespace circuit {

at::Tensor recorded_value(const Model& model, const ForwardRecord& record, const SitePlace& place) {
  const auto layer = static_cast<std::size_t>(place.layer);
  const BlockRecord& block = record.blocks[layer];
  const auto residual_pre = [&] {
    if (layer > 0) return record.blocks[layer - 1].residual_mid + record.blocks[layer - 1].mlp_out;
    if (!model.position_embedding.defined()) return record.token_embeddings;
    return record.token_embeddings +
           model.position_embedding.narrow(0, 0, record.token_embeddings.size(0));
  };
  switch (place.site) {
    case ModelSite::kResidualPre:
      return residual_pre();
    case ModelSite::kAttentionOut:
      return block.residual_mid - residual_pre();
    case ModelSite::kResidualMid:
      return block.residual_mid;
    case ModelSite::kMlpOutRaw:
      return block.mlp_raw;
    case ModelSite::kMlpOut:
      return block.mlp_out;
    case ModelSite::kResidualPost:
      return block.residual_mid + block.mlp_out;
  }
  return {};
}

}  // namespace circuit
