// Measures how much circuits of a graph keep of what the model prefers (docs/method.md,
// Faithfulness).
#pragma once

#include <cstddef>
#include <cstdint>

#include "graph/attribution_graph.h"
#include "graph/faithfulness.h"
#include "graph/prune.h"
#include "tracer/replacement/run.h"
#include "tracer/replacement/source_values.h"

namespace circuit {

/// Two prompts of as many tokens, and the answers whose logits are compared.
struct PromptPair {
  const ReplacementRun& prompt;
  const ReplacementRun& counterfactual;
  std::int32_t answer = 0, counterfactual_answer = 0;
};

struct CurveOptions {
  PruneOptions pruning;           ///< of the circuit that is measured beside the curves
  std::size_t random_orders = 5;  ///< m of the random order is the mean over so many
  std::uint64_t seed = 0;
};

/// Throws std::invalid_argument `[faithfulness] …` when the prompts have other numbers of tokens or
/// of zeroed positions, and when the answers are the same or none of the vocabulary.
void check_pair(const PromptPair& pair);

/// `graph` is of `pair.prompt`, and what its targets weigh decides influence and direct edges.
/// Rows, each with a frozen and a live background: counterfactual, clean errors, and with `means`
/// those. Throws as check_pair does.
PairMeasures measure_faithfulness(const PromptPair& pair, const AttributionGraph& graph,
                                  const MeanValues* means, const CurveOptions& options);

}  // namespace circuit
