// Faithfulness of circuits on pairs of prompts, a model loaded once (docs/method.md, Faithfulness).
// No torch type shows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "graph/faithfulness.h"
#include "graph/prune.h"
#include "tracer/options.h"

namespace circuit {

/// Two prompts of as many tokens and what follows each: a single token's text or `#ID`.
struct CounterfactualPair {
  std::string id;
  PromptInput prompt, counterfactual;
  std::string answer, counterfactual_answer;
};

struct FaithfulnessOptions {
  PruneOptions pruning;           ///< of the graph that is measured beside the curves
  std::size_t random_orders = 5;  ///< m of the random order is the mean over so many
  std::uint64_t seed = 0;         ///< of these
  std::int64_t max_features = 0;  ///< of the graph; 0 = all
};

/// As with Tracer, one call at a time.
class FaithfulnessTester {
 public:
  /// Throws as Tracer does.
  explicit FaithfulnessTester(const LoadOptions& options);
  ~FaithfulnessTester();
  FaithfulnessTester(FaithfulnessTester&&) noexcept;
  FaithfulnessTester& operator=(FaithfulnessTester&&) noexcept;

  /// Counts the prompt among those whose means stand in for what is outside a circuit. Without any,
  /// that row is left out.
  void add_to_means(const PromptInput& prompt);

  /// Why the pair cannot be compared, `unequal lengths`, `equal answers` or `answers of several
  /// tokens`; empty = it can.
  std::string find_obstacle(const CounterfactualPair& pair) const;

  /// Traces the prompt, target the difference of the two answers, and measures its circuits. Throws
  /// std::invalid_argument for a pair with an obstacle and for an answer that is no single token.
  PairMeasures measure(const CounterfactualPair& pair,
                       const FaithfulnessOptions& options = {}) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace circuit
