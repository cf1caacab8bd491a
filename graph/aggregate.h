// Many graphs as one: how often each feature and edge occurs in them, and how strong it is.
// Features are pairs of layer and index, tokens and targets vocabulary ids: positions of different
// prompts have nothing in common. Non-goal: graphs of different transcoders.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "graph/attribution_graph.h"
#include "graph/prune.h"

namespace circuit {

/// A node without position: a feature of a layer, the errors of a layer, a token, a target (of the
/// layer that it reads). `text` is that of tokens and targets; it alone tells differences, vectors
/// and tokens without id apart.
struct Unit {
  NodeKind kind = NodeKind::kFeature;
  std::int32_t layer = 0;
  std::int32_t feature = 0;
  std::string text;
  TargetKind target{};  ///< Of targets.

  friend auto operator<=>(const Unit&, const Unit&) = default;
};

/// Of all graphs; means over all of them count 0 where it is absent. Where one unit stands at
/// several positions of a graph, its numbers are sums.
struct UnitSummary {
  Unit unit;
  std::size_t graphs = 0;  ///< In so many graphs it is kept.
  double influence = 0;    ///< Share of the targets' weight that flows through; mean over all.
  double influence_present = 0;   ///< The same, over those that have it.
  double activation_present = 0;  ///< Of features; of targets the weight; over those that have it.
};

struct UnitEdge {
  std::size_t source = 0;  ///< Index into `Summary::units`.
  std::size_t target = 0;
  std::size_t graphs = 0;
  double weight = 0, weight_present = 0;  ///< Signed.
  double share = 0, share_present = 0;    ///< Magnitude over all kept input of the target.
};

/// How much two graphs' kept features overlap: mean, over all pairs of graphs, of the size of the
/// intersection over that of the union.
struct Overlap {
  double jaccard = 0;
  /// The same of sets as large, drawn from the features that fired in those graphs; empty when a
  /// graph does not say what else fired.
  std::optional<double> random;
};

struct Summary {
  std::size_t graphs = 0;
  std::vector<UnitSummary>
      units;  ///< Ascending: features by layer and index, errors, tokens, targets.
  std::vector<UnitEdge> edges;     ///< By target, then source.
  std::optional<Overlap> overlap;  ///< Of two graphs or more.
};

/// Takes one graph after the other and keeps none of them.
class GraphSummarizer {
 public:
  /// Of how many random sets a graph `Overlap::random` is the mean.
  static constexpr std::size_t kDraws = 10;

  explicit GraphSummarizer(std::uint64_t seed) : seed_(seed) {}

  /// Kept nodes and edges. Throws std::invalid_argument `[aggregate] …` for a graph of another
  /// number of layers than the first.
  void add(const AttributionGraph& graph, const PrunedGraph& pruned);

  Summary summary() const;
  /// Of the first graph, with the labels of all.
  const Provenance& origin() const { return provenance_; }

  /// The summary as a graph, of units and edges that are in at least `least` graphs. A column for
  /// each token, those in most graphs first, and behind them one, no position of any prompt, where
  /// all features, errors and targets stand. Edges weigh their mean over all graphs, activations
  /// are those where present. Compact.
  std::pair<AttributionGraph, PrunedGraph> graph(const Summary& summary, std::size_t least) const;

 private:
  struct Sums {
    std::size_t graphs = 0;
    double first = 0, second = 0;  // influence and activation, or weight and share
  };
  using FeatureSet = std::vector<std::int64_t>;  // ascending

  void add_features(const AttributionGraph& graph, const PrunedGraph& pruned);
  /// The units of kept nodes; null for others [n_nodes].
  std::vector<const Unit*> add_units(const AttributionGraph& graph, const PrunedGraph& pruned);
  void add_edges(const AttributionGraph& graph, const PrunedGraph& pruned,
                 const std::vector<const Unit*>& unit_at);

  std::uint64_t seed_;
  std::size_t graphs_ = 0;
  std::int32_t n_layers_ = 0;
  std::map<Unit, Sums> units_;
  std::map<std::pair<const Unit*, const Unit*>, Sums> edges_;  // (target, source), of units_
  std::vector<FeatureSet> kept_;                               // by graph
  std::vector<std::vector<FeatureSet>> drawn_;                 // by draw, then graph
  bool all_know_active_ = true;
  Provenance provenance_;
};

}  // namespace circuit
