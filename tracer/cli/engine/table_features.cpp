#include "tracer/cli/engine/table_features.h"

#include <set>

namespace circuit::cli {

std::vector<std::pair<std::int32_t, std::int32_t>> unnamed_features(
    const AttributionGraph& graph, std::span<const ScoreTable> tables) {
  std::set<std::pair<std::int32_t, std::int32_t>> unnamed;
  const auto add = [&](const ScoreSource& source) {
    if (!source || source->kind != NodeKind::kFeature) return;
    const std::pair key(source->layer, source->feature);
    if (!graph.provenance().feature_labels.contains(key)) unnamed.insert(key);
  };
  for (const ScoreTable& table : tables) {
    for (const ScoreTerm& term : table.terms) {
      add(term.query);
      add(term.key);
    }
    for (const ScoreMarginal& marginal : table.query_marginals) add(marginal.source);
    for (const ScoreMarginal& marginal : table.key_marginals) add(marginal.source);
  }
  return {unnamed.begin(), unnamed.end()};
}

}  // namespace circuit::cli
