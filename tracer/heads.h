// Attention behind a traced graph: by which heads its edges run, and why the heads looked where
// they did (docs/method.md, heads). Installed; no torch type shows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "graph/attention_details.h"
#include "graph/attention_patterns.h"
#include "graph/attribution_graph.h"
#include "graph/head_loadings.h"
#include "graph/prune.h"
#include "graph/score_table.h"
#include "tracer/options.h"
#include "tracer/tracer.h"

namespace circuit {

/// The model on the prompt of one graph, run once; looks at `tracer`, which must outlive it. As
/// with Tracer, one call at a time.
class HeadTracer {
 public:
  /// Runs the prompt; of the memory that the process may take, decoder rows get at most half of
  /// what is left. Throws std::invalid_argument when the graph belongs to another model, other
  /// transcoders or another type.
  HeadTracer(const Tracer& tracer, const AttributionGraph& graph,
             std::int64_t memory_bytes = std::int64_t{8} << 30);
  ~HeadTracer();
  HeadTracer(HeadTracer&&) noexcept;
  HeadTracer& operator=(HeadTracer&&) noexcept;

  /// Of the edge between two nodes, stored or not. Throws std::invalid_argument when there can be
  /// none: the target is no feature and no output, or does not lie above the source.
  HeadLoadings loadings(std::size_t source, std::size_t target,
                        const LoadingOptions& options = {}) const;

  /// In the order of `cells`. Throws std::invalid_argument `[attention] …` for a head or a position
  /// that is not there, or a key behind its query or outside the head's window.
  std::vector<ScoreTable> tables(std::span<const ScoreCell> cells,
                                 const TableOptions& options = {}) const;

  /// Of the kept edges.
  AttentionDetails details(const PrunedGraph& pruned, const DetailOptions& options) const;

  AttentionPatterns patterns() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace circuit
