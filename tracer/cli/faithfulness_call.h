// What `faithfulness` asks of libcircuit_tracer (engine.h has the rules).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "graph/faithfulness.h"
#include "tracer/cli/engine.h"
#include "tracer/faithfulness.h"
#include "tracer/options.h"

namespace circuit::cli {

struct FaithfulnessRequest {
  LoadOptions load;
  std::vector<CounterfactualPair> pairs;
  std::vector<PromptInput> means;  ///< prompts whose means are a row; empty = no such row
  FaithfulnessOptions options;
  /// Pairs that cannot be compared are left out and counted; else the first one is a failure.
  bool leave_out = false;
  Progress progress;
};

struct FaithfulnessReport {
  std::vector<PairMeasures> pairs;
  std::vector<std::size_t> measured;            ///< [pairs] indices into the request's
  std::map<std::string, std::size_t> left_out;  ///< why -> how many
};

using FaithfulnessCall = EngineCall<FaithfulnessRequest, FaithfulnessReport>;

/// As the functions of engine_library.h.
FaithfulnessReport run_faithfulness(FaithfulnessRequest request);

}  // namespace circuit::cli

extern "C" {
int circuit_engine_faithfulness(circuit::cli::FaithfulnessCall* call);
}
