#include "tracer/replacement/write_site.h"

#include <vector>

#include <ATen/ATen.h>

namespace circuit {

ModelSite site_of(WriteSite site) {
  return site == WriteSite::kMlpOutRaw ? ModelSite::kMlpOutRaw : ModelSite::kMlpOut;
}

bool has_norm_behind(WriteSite site, const Block& block) {
  return site == WriteSite::kMlpOutRaw && block.mlp_post_norm.has_value();
}

const at::Tensor& written_value(WriteSite site, const Block& block, const BlockRecord& record) {
  return has_norm_behind(site, block) ? record.mlp_raw : record.mlp_out;
}

at::Tensor write_push(WriteSite site, const Block& block, const at::Tensor& inverse_scale,
                      const at::Tensor& x) {
  if (!has_norm_behind(site, block)) return x;
  return norm_push(*block.mlp_post_norm, inverse_scale, x);
}

at::Tensor write_pull(WriteSite site, const Block& block, const at::Tensor& inverse_scale,
                      const at::Tensor& gradients) {
  if (!has_norm_behind(site, block)) return gradients;
  return norm_pull(*block.mlp_post_norm, inverse_scale, gradients);
}

at::Tensor written_by_features(const Model& model, const TranscoderSet& transcoders,
                               std::int64_t layer, const at::Tensor& features) {
  at::Tensor rows = transcoders.decoder_rows(layer, features).to(model.device());
  if (has_norm_behind(transcoders.info().write_site,
                      model.blocks[static_cast<std::size_t>(layer)])) {
    std::vector<at::Tensor> gains;
    for (std::int64_t into = layer; into < layer + rows.size(1); ++into) {
      gains.push_back(model.blocks[static_cast<std::size_t>(into)].mlp_post_norm->gain);
    }
    rows = rows * at::stack(gains);
  }
  return rows.sum(/*dim=*/1);
}

}  // namespace circuit
