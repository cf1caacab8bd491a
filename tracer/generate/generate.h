// Goes on with prompts, token by token.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "tracer/generate/sampler.h"
#include "tracer/model/live_forward.h"
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

/// What several texts may go on from; it is read once for all of them.
struct GenerationPrompt {
  std::vector<std::int32_t> ids;
  LiveForward::Options reading = {};
  /// Makes what is told of the tokens that one stream is gone on with; it has not seen the prompt.
  /// Null = none.
  std::function<std::shared_ptr<SiteVisitor>()> visitor = {};
};

/// One text.
struct GenerationStream {
  std::size_t prompt = 0;  ///< of those given
  SamplingOptions sampling = {};
  /// Called with each token as it comes; ends the text by returning false, and that token is kept.
  std::function<bool(const GeneratedToken&)> accept = {};
};

/// The tokens of each stream. A stream ends earlier than at `max_tokens` when the model has no
/// position left. Its tokens are the same whatever other streams there are: all rounding is (on
/// the CPU). Throws std::invalid_argument as `forward` does.
std::vector<std::vector<GeneratedToken>> generate(const Model& model,
                                                  std::span<const GenerationPrompt> prompts,
                                                  std::span<const GenerationStream> streams,
                                                  const GenerationLimits& limits);

}  // namespace circuit
