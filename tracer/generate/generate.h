// Goes on with a prompt, token by token.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "tracer/generate/sampler.h"
#include "tracer/model/model.h"
#include "tracer/model/site.h"

namespace circuit {

struct GeneratedToken {
  std::int32_t id = 0;
  float probability = 0;  ///< of the model's own distribution, whatever the temperature
};

struct GenerationLimits {
  std::int64_t max_tokens = 40;
  std::span<const std::int32_t> end_ids = {};  ///< one of these ends the text and is left out
};

/// `visitor` (may be null) is told of every forward. `accept` is called with each token as it comes
/// and ends the text by returning false; that token is kept. Ends earlier when the model has no
/// position left. Throws std::invalid_argument as `forward` does.
std::vector<GeneratedToken> generate(const Model& model, std::span<const std::int32_t> prompt,
                                     const GenerationLimits& limits,
                                     const SamplingOptions& sampling, SiteVisitor* visitor,
                                     const std::function<bool(const GeneratedToken&)>& accept = {});

}  // namespace circuit
