#include "tracer/generate/generate.h"

#include <algorithm>

#include <ATen/ATen.h>

#include "tracer/model/live_forward.h"

namespace circuit {

std::vector<GeneratedToken> generate(const Model& model, std::span<const std::int32_t> prompt,
                                     const GenerationLimits& limits,
                                     const SamplingOptions& sampling, SiteVisitor* visitor,
                                     const std::function<bool(const GeneratedToken&)>& accept) {
  const auto n = static_cast<std::int64_t>(prompt.size());
  const std::int64_t capacity =
      std::min(model.config.max_positions, n + std::max<std::int64_t>(limits.max_tokens, 1));
  LiveForward live(model, std::max(capacity, n));
  Sampler sampler(sampling);
  std::vector<GeneratedToken> generated;
  std::vector<std::int32_t> next(prompt.begin(), prompt.end());
  while (static_cast<std::int64_t>(generated.size()) < limits.max_tokens) {
    const at::Tensor logits =
        live.append(next, {.visitor = visitor})[0].to(at::kCPU).to(at::kFloat).contiguous();
    const std::span values(logits.data_ptr<float>(), static_cast<std::size_t>(logits.numel()));
    const std::int32_t id = sampler.choose(values);
    if (std::ranges::find(limits.end_ids, id) != limits.end_ids.end()) break;
    const float probability = logits.softmax(0)[id].item<float>();
    generated.push_back({.id = id, .probability = probability});
    if (accept && !accept(generated.back())) break;
    if (live.n_positions() == live.capacity()) break;
    next = {id};
  }
  return generated;
}

}  // namespace circuit
