// Two prompts of one tiny random model, the first traced in full.
#pragma once

#include <memory>
#include <vector>

#include "graph/attribution_graph.h"
#include "tests/support/tiny_setup.h"
#include "tracer/replacement/run.h"

namespace circuit::testing {

inline const std::vector<std::int32_t> kPrompt = {0, 3, 8, 21, 5}, kOther = {0, 7, 8, 2, 5};
inline constexpr std::int32_t kAnswer = 4, kOtherAnswer = 9;

struct PairSetup {
  explicit PairSetup(const TinyCase& tiny);

  TinySetup setup;  ///< f64
  ReplacementRun prompt, other;
  std::unique_ptr<AttributionGraph> graph;  ///< of the logit of kAnswer less that of kOtherAnswer
};

}  // namespace circuit::testing
