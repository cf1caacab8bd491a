#include "graph/paths.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <queue>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include <boost/graph/dijkstra_shortest_paths.hpp>

#include "graph/bgl_adapter.h"

namespace circuit {
namespace {

constexpr double kInfinite = std::numeric_limits<double>::infinity();

[[noreturn]] void refuse(std::size_t node, std::string_view what, const AttributionGraph& graph) {
  throw std::invalid_argument("[strongest_paths] node " + std::to_string(node) + " is no " +
                              std::string(what) + " of the graph's " +
                              std::to_string(graph.n_nodes()) + " nodes");
}

bool is(const AttributionGraph& graph, std::size_t node, NodeKind kind) {
  return node < graph.n_nodes() && graph.kind(node) == kind;
}

void check(const AttributionGraph& graph, const PrunedGraph& pruned, const PathQuery& query) {
  if (pruned.node_mask.size() != graph.n_nodes() ||
      pruned.edge_mask.size() != graph.edges().edges()) {
    throw std::invalid_argument("[strongest_paths] the masks are not of this graph");
  }
  const std::size_t end = query.target_node;
  if (!is(graph, end, NodeKind::kFeature) && !is(graph, end, NodeKind::kTarget)) {
    refuse(end, "feature or target", graph);
  }
  if (query.from && !is(graph, *query.from, NodeKind::kToken)) {
    refuse(*query.from, "token", graph);
  }
  if (query.through && !is(graph, *query.through, NodeKind::kFeature)) {
    refuse(*query.through, "feature", graph);
  }
}

/// What an edge multiplies the share and the weight of a path with.
class EdgeFactors {
 public:
  EdgeFactors(const AttributionGraph& graph, const PrunedGraph& pruned)
      : graph_(graph), mask_(pruned.edge_mask), sums_(row_absolute_sums(graph.edges(), mask_)) {}

  /// 0 for an edge that is not kept.
  double share(std::size_t row, std::size_t edge) const {
    const float weight = graph_.edges().weights[edge];
    if (mask_[edge] == 0 || weight == 0.0F) return 0.0;
    return std::abs(static_cast<double>(weight)) / sums_[row];
  }

  /// What a unit of the source's own input becomes at `row`.
  double weight(std::size_t edge) const {
    if (mask_[edge] == 0) return 0.0;
    const auto weight = static_cast<double>(graph_.edges().weights[edge]);
    const auto source = static_cast<std::size_t>(graph_.edges().columns[edge]);
    if (graph_.kind(source) != NodeKind::kFeature) return weight;
    const auto activation = static_cast<double>(graph_.activation(source));
    return activation == 0.0 ? 0.0 : weight / activation;
  }

 private:
  const AttributionGraph& graph_;
  std::span<const std::uint8_t> mask_;
  std::vector<double> sums_;
};

/// -log share, for Boost.
class ShareCost {
 public:
  using key_type = EdgeEntry;
  using value_type = double;
  using reference = double;
  using category = boost::readable_property_map_tag;

  explicit ShareCost(const EdgeFactors& factors) : factors_(&factors) {}

  friend double get(const ShareCost& map, const EdgeEntry& entry) {
    const double share = map.factors_->share(entry.row, entry.index);
    return share > 0.0 ? std::max(0.0, -std::log(share)) : kInfinite;
  }

 private:
  const EdgeFactors* factors_;
};

std::vector<std::vector<std::size_t>> shortest(const AttributionGraph& graph,
                                               const EdgeFactors& factors, const PathQuery& query) {
  std::vector<std::size_t> next(graph.n_nodes());
  std::vector<double> distance(graph.n_nodes());
  boost::dijkstra_shortest_paths(EdgeMatrixView(graph.edges()), query.target_node,
                                 boost::predecessor_map(next.data())
                                     .distance_map(distance.data())
                                     .weight_map(ShareCost(factors))
                                     .distance_inf(kInfinite));
  std::size_t node = query.from.value_or(graph.first_token());
  for (std::size_t token = graph.first_token(); !query.from && token < graph.first_target();
       ++token) {
    if (distance[token] < distance[node]) node = token;
  }
  if (distance[node] == kInfinite) return {};
  std::vector<std::size_t> nodes{node};
  while (node != query.target_node) nodes.push_back(node = next[node]);
  return {nodes};
}

/// One of the best ways from a token to a node: its last step comes from the way number
/// `source_rank` of state `source`.
struct Way {
  double cost = 0.0;
  std::size_t source = 0;
  std::size_t source_rank = 0;
  std::size_t edge = 0;

  // A total order: cost, then source, then rank.
  friend bool operator>(const Way& a, const Way& b) {
    return std::tie(a.cost, a.source, a.source_rank) > std::tie(b.cost, b.source, b.source_rank);
  }
};

/// The k best ways to every node, in one pass in node order. Where a sign is asked for they are
/// kept apart for both signs of the weight so far: a state is a node, or 2 node + (1 if negative).
class BestWays {
 public:
  BestWays(const AttributionGraph& graph, const EdgeFactors& factors, const PathQuery& query)
      : graph_(graph),
        factors_(factors),
        query_(query),
        n_signs_(query.sign == PathSign::kAny ? 1 : 2),
        ways_(graph.n_nodes() * n_signs_),
        open_(graph.n_nodes(), 1) {
    for (std::size_t token = graph.first_token(); token < graph.first_target(); ++token) {
      if (!query.from || *query.from == token) ways_[token * n_signs_].emplace_back();
    }
    for (std::size_t row = 0; row < std::min(graph.n_features(), query.target_node); ++row) {
      visit(row);
    }
    visit(query.target_node);
  }

  std::vector<std::vector<std::size_t>> paths() const {
    const std::size_t state =
        query_.target_node * n_signs_ + (query_.sign == PathSign::kNegative ? 1 : 0);
    std::vector<std::vector<std::size_t>> paths;
    for (std::size_t rank = 0; rank < ways_[state].size(); ++rank) {
      paths.push_back(trace_back(state, rank));
    }
    return paths;
  }

 private:
  void visit(std::size_t row) {
    for (std::size_t sign = 0; sign < n_signs_; ++sign) {
      ways_[row * n_signs_ + sign] = merge_sources(row, sign);
    }
    // From here on a way must have come by this node.
    if (query_.through == row) std::ranges::fill(open_, std::uint8_t{0});
    open_[row] = 1;
  }

  double cost(std::size_t row, std::size_t edge) const {
    const double factor =
        query_.order == PathOrder::kShare ? factors_.share(row, edge) : factors_.weight(edge);
    return factor == 0.0 ? kInfinite : -std::log(std::abs(factor));
  }

  /// The state from which `edge` leads to `row` with this sign.
  std::size_t source_of(std::size_t edge, std::size_t sign) const {
    const auto source = static_cast<std::size_t>(graph_.edges().columns[edge]);
    if (n_signs_ == 1) return source;
    return source * 2 + (factors_.weight(edge) < 0.0 ? 1 - sign : sign);
  }

  /// Merges the sorted ways of all sources of `row`, taking only the k best.
  std::vector<Way> merge_sources(std::size_t row, std::size_t sign) const {
    const EdgeMatrix& edges = graph_.edges();
    std::priority_queue<Way, std::vector<Way>, std::greater<>> queue;
    const auto offer = [&](std::size_t edge, std::size_t rank) {
      const std::size_t source = source_of(edge, sign);
      if (rank < ways_[source].size()) {
        queue.push({ways_[source][rank].cost + cost(row, edge), source, rank, edge});
      }
    };
    for (std::size_t edge = edges.begin(row); edge < edges.end(row); ++edge) {
      const bool open = open_[static_cast<std::size_t>(edges.columns[edge])] != 0;
      if (open && cost(row, edge) != kInfinite) offer(edge, 0);
    }
    std::vector<Way> best;
    while (best.size() < query_.k && !queue.empty()) {
      best.push_back(queue.top());
      queue.pop();
      offer(best.back().edge, best.back().source_rank + 1);
    }
    return best;
  }

  std::vector<std::size_t> trace_back(std::size_t state, std::size_t rank) const {
    std::vector<std::size_t> nodes{state / n_signs_};
    while (graph_.kind(nodes.back()) != NodeKind::kToken) {
      const Way& way = ways_[state][rank];
      state = way.source;
      rank = way.source_rank;
      nodes.push_back(state / n_signs_);
    }
    std::ranges::reverse(nodes);
    return nodes;
  }

  const AttributionGraph& graph_;
  const EdgeFactors& factors_;
  const PathQuery& query_;
  std::size_t n_signs_;
  std::vector<std::vector<Way>> ways_;  ///< [states], each at most k, best first
  std::vector<std::uint8_t> open_;      ///< [n_nodes] whether ways may go on from here
};

Path measured(const AttributionGraph& graph, const EdgeFactors& factors,
              std::vector<std::size_t> nodes) {
  Path path{.nodes = std::move(nodes), .share = 1.0, .weight = 1.0};
  for (std::size_t i = 1; i < path.nodes.size(); ++i) {
    const std::size_t row = path.nodes[i];
    const std::size_t edge = graph.edges().find(row, path.nodes[i - 1]).value();
    path.share *= factors.share(row, edge);
    path.weight *= factors.weight(edge);
  }
  return path;
}

}  // namespace

std::vector<Path> strongest_paths(const AttributionGraph& graph, const PrunedGraph& pruned,
                                  const PathQuery& query) {
  check(graph, pruned, query);
  if (query.k == 0) return {};
  if (query.through && *query.through > query.target_node) return {};
  const EdgeFactors factors(graph, pruned);
  const bool one_by_share = query.k == 1 && query.order == PathOrder::kShare &&
                            query.sign == PathSign::kAny && !query.through;
  const auto found =
      one_by_share ? shortest(graph, factors, query) : BestWays(graph, factors, query).paths();
  std::vector<Path> paths;
  for (const auto& nodes : found) paths.push_back(measured(graph, factors, nodes));
  return paths;
}

}  // namespace circuit
