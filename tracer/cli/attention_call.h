// What `attention` asks of libcircuit_tracer (engine.h has the rules).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <variant>

#include "export/names/feature_labels.h"
#include "graph/attention_patterns.h"
#include "graph/attribution_graph.h"
#include "graph/head_loadings.h"
#include "graph/score_table.h"
#include "tracer/cli/engine.h"
#include "tracer/options.h"

namespace circuit::cli {

/// By which heads an edge runs; between nodes of the graph.
struct EdgeQuestion {
  std::size_t source = 0, target = 0;
  LoadingOptions options;
};

/// Why a head gave a key its score.
struct ScoreQuestion {
  ScoreCell cell;
  TableOptions options;
};

/// Where all heads look.
struct PatternsQuestion {};

struct AttentionRequest {
  LoadOptions load;  ///< dtype: that of the graph
  std::shared_ptr<const AttributionGraph> graph;
  std::variant<EdgeQuestion, ScoreQuestion, PatternsQuestion> question;
  std::int64_t memory_bytes = TableOptions{}.memory_bytes;  ///< of the whole process
};

struct AttentionReport {
  std::variant<HeadLoadings, ScoreTable, AttentionPatterns> answer;  ///< in the order of questions
  /// Names of features of the answer that have none in the graph.
  FeatureLabels labels;
};

using AttentionCall = EngineCall<AttentionRequest, AttentionReport>;

/// As the functions of engine_library.h.
AttentionReport run_attention(AttentionRequest request);

}  // namespace circuit::cli

extern "C" {
int circuit_engine_attention(circuit::cli::AttentionCall* call);
}
