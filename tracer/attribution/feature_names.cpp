#include "tracer/attribution/feature_names.h"

#include <algorithm>
#include <vector>

#include <ATen/ATen.h>

#include "tracer/attribution/targets.h"
#include "tracer/machine/threads.h"
#include "tracer/replacement/write_site.h"
#include "transcoders/tensor_view.h"

namespace circuit {
namespace {

constexpr std::int64_t kTokensPerName = 3;
constexpr std::size_t kFeaturesPerTask = 64;

using FeatureKey = std::pair<std::int32_t, std::int32_t>;

// What each feature writes to the residual stream in all layers together: [features, d_model]. A
// norm behind the MLP counts with its gain; its scale is another at every position.
at::Tensor written_vectors(const Model& model, const TranscoderSet& transcoders,
                           std::span<const FeatureKey> features) {
  std::vector<at::Tensor> rows;
  for (const auto& [layer, feature] : features) {
    const at::Tensor index = at::tensor({static_cast<std::int64_t>(feature)});
    const at::Tensor written = transcoders.decoder_rows(layer, index)[0].to(model.device());
    at::Tensor sum = at::zeros_like(written[0]);
    for (std::int64_t step = 0; step < written.size(0); ++step) {
      const Block& block = model.blocks[static_cast<std::size_t>(layer + step)];
      const bool gains = has_norm_behind(transcoders.info().write_site, block);
      sum = sum + (gains ? written[step] * block.mlp_post_norm->gain : written[step]);
    }
    rows.push_back(sum);
  }
  return at::stack(rows);
}

std::string join_tokens(const Tokenizer* tokenizer, const at::Tensor& ids) {
  std::string text;
  for (std::int64_t i = 0; i < ids.numel(); ++i) {
    if (i > 0) text += " ·";
    const std::string token =
        shown_token(tokenizer, static_cast<std::int32_t>(ids[i].item<std::int64_t>()));
    text += i > 0 && !token.starts_with(" ") ? " " + token : token;
  }
  return text;
}

}  // namespace

std::int64_t naming_bytes(const Model& model) {
  // Scores of a task's features, and what its search for the highest holds beside them.
  const std::int64_t of_task =
      2 * static_cast<std::int64_t>(kFeaturesPerTask) * model.config.vocabulary_size;
  const std::int64_t values =
      model.unembedding.numel() + static_cast<std::int64_t>(worker_count()) * of_task;
  return values * static_cast<std::int64_t>(at::elementSize(model.dtype));
}

std::map<FeatureKey, FeatureLabel> name_features(const Model& model,
                                                 const TranscoderSet& transcoders,
                                                 const Tokenizer* tokenizer,
                                                 std::span<const FeatureKey> features) {
  std::vector<std::string> names(features.size());
  const at::Tensor mean = model.unembedding.mean(0);
  parallel_tasks(
      (features.size() + kFeaturesPerTask - 1) / kFeaturesPerTask, [&](std::size_t task) {
        const std::size_t first = task * kFeaturesPerTask;
        const auto some =
            features.subspan(first, std::min(kFeaturesPerTask, features.size() - first));
        const at::Tensor written =
            written_vectors(model, transcoders, some) * model.final_norm.gain;
        const at::Tensor effects =
            at::mm(written, model.unembedding.t()) - at::mv(written, mean).unsqueeze(1);
        const at::Tensor top =  // ids, best first
            std::get<1>(effects.topk(std::min(kTokensPerName, effects.size(1)), /*dim=*/1))
                .to(at::kCPU);
        for (std::size_t i = 0; i < some.size(); ++i) {
          names[first + i] = join_tokens(tokenizer, top.select(0, static_cast<std::int64_t>(i)));
        }
      });
  release_pages(model.unembedding);
  std::map<FeatureKey, FeatureLabel> labels;
  for (std::size_t i = 0; i < features.size(); ++i) {
    labels[features[i]] = {.text = names[i], .source = "output tokens"};
  }
  return labels;
}

}  // namespace circuit
