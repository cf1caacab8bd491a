// What viewers show of score tables: `qk_tracing_results` of nodes and `qk_only_nodes`
// (docs/formats.md, viewer JSON). Private to viewer_json.cpp.
#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "graph/attribution_graph.h"
#include "graph/kept_graph.h"
#include "graph/prune.h"
#include "graph/score_table.h"

namespace circuit {

/// Looks at what it is given, which must outlive it.
class ViewerQk {
 public:
  ViewerQk(const AttributionGraph& graph, const PrunedGraph& pruned, const KeptGraph& kept);

  /// Appends `,"qk_tracing_results":{…}` of a kept node: the table of the score that carries most
  /// of what reaches it. Nothing when there is none.
  void append_results(std::size_t node, std::string& out);

  /// Appends the object of all that the results before named and that is no kept node.
  void append_only_nodes(std::string& out) const;

 private:
  const ScoreTable* table_of(std::size_t node) const;
  /// The contributor's id in quotes; remembers it when it is no kept node.
  std::string id_of(const ScoreSource& source, const Head& head, std::int32_t position);

  const AttributionGraph& graph_;
  const PrunedGraph& pruned_;
  const KeptGraph& kept_;
  bool divided_ = false;  // whether kept edges are, into heads
  std::map<std::string, std::string> only_nodes_;  // id -> descriptor
};

}  // namespace circuit
