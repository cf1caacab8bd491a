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

// Features of one layer after the other, in their order in `features`.
at::Tensor written_vectors(const Model& model, const TranscoderSet& transcoders,
                           std::span<const FeatureKey> features) {
  std::vector<at::Tensor> rows;
  for (const auto& [layer, feature] : features) {
    const at::Tensor index = at::tensor({static_cast<std::int64_t>(feature)});
    rows.push_back(written_by_features(model, transcoders, layer, index));
  }
  return at::cat(rows);
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

std::vector<std::string> name_vectors(
    const Model& model, const Tokenizer* tokenizer, std::size_t count,
    const std::function<at::Tensor(std::size_t first, std::size_t count)>& vectors) {
  std::vector<std::string> names(count);
  const at::Tensor mean = model.unembedding.mean(0);
  parallel_tasks((count + kFeaturesPerTask - 1) / kFeaturesPerTask, [&](std::size_t task) {
    const std::size_t first = task * kFeaturesPerTask;
    const at::Tensor written =
        vectors(first, std::min(kFeaturesPerTask, count - first)) * model.final_norm.gain;
    const at::Tensor effects =
        at::mm(written, model.unembedding.t()) - at::mv(written, mean).unsqueeze(1);
    const at::Tensor top =  // ids, best first
        std::get<1>(effects.topk(std::min(kTokensPerName, effects.size(1)), /*dim=*/1))
            .to(at::kCPU);
    for (std::int64_t i = 0; i < top.size(0); ++i) {
      names[first + static_cast<std::size_t>(i)] = join_tokens(tokenizer, top.select(0, i));
    }
  });
  release_pages(model.unembedding);
  return names;
}

std::map<FeatureKey, FeatureLabel> name_features(const Model& model,
                                                 const TranscoderSet& transcoders,
                                                 const Tokenizer* tokenizer,
                                                 std::span<const FeatureKey> features) {
  const std::vector<std::string> names =
      name_vectors(model, tokenizer, features.size(), [&](std::size_t first, std::size_t count) {
        return written_vectors(model, transcoders, features.subspan(first, count));
      });
  std::map<FeatureKey, FeatureLabel> labels;
  for (std::size_t i = 0; i < features.size(); ++i) {
    labels[features[i]] = {.text = names[i], .source = "output tokens"};
  }
  return labels;
}

}  // namespace circuit
