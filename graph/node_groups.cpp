#include "graph/node_groups.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <span>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>

#include "graph/kept_edges.h"
#include "graph/linkage.h"

namespace circuit {
namespace {

constexpr double kLeastShared = 0.1;
constexpr std::size_t kNone = static_cast<std::size_t>(-1);

void check_threshold(const char* name, double value) {
  if (value > 0 && value <= 1) return;
  throw std::invalid_argument("[find_groups] " + std::string(name) + " is " +
                              std::to_string(value) + ", expected a number in (0, 1]");
}

void check(const AttributionGraph& graph, const PrunedGraph& pruned,
           const GroupingOptions& options) {
  require_masks_of(graph, pruned, "find_groups");
  if (!options.by_feature && !options.by_layer && !options.by_position && !options.by_similarity &&
      !options.by_neighbours) {
    throw std::invalid_argument("[find_groups] nothing to group by");
  }
  if (options.by_feature && options.by_position) {
    throw std::invalid_argument(
        "[find_groups] feature and position, which no two nodes share; expected one of them");
  }
  check_threshold("min_similarity", options.min_similarity);
  check_threshold("min_shared", options.min_shared);
  const bool searched = graph.provenance().settings.contains("similarity");
  if (options.by_similarity && graph.similarity().pairs.empty() && !searched) {
    throw std::runtime_error(
        "[find_groups] the graph holds no similarities of decoders, expected those of `trace "
        "--similarity`");
  }
}

/// What members of a cell must have in common; -1 where it does not matter.
using CellKey = std::tuple<std::int32_t, std::int32_t, std::int32_t>;

std::map<CellKey, std::vector<std::size_t>> cells_of(const AttributionGraph& graph,
                                                     const PrunedGraph& pruned,
                                                     const GroupingOptions& options) {
  std::map<CellKey, std::vector<std::size_t>> cells;
  for (std::size_t node = 0; node < graph.n_features(); ++node) {
    if (pruned.node_mask[node] == 0) continue;
    const Node feature = graph.node(node);
    const bool layer = options.by_layer || options.by_feature;
    cells[{layer ? feature.layer : -1, options.by_position ? feature.position : -1,
           options.by_feature ? feature.feature : -1}]
        .push_back(node);
  }
  return cells;
}

/// A sparse row scaled to length 1.
using Profile = std::vector<std::pair<std::size_t, double>>;

void scale_to_unit(Profile& profile) {
  double square = 0;
  for (const auto& [node, share] : profile) square += share * share;
  if (square == 0) return;
  for (auto& [node, share] : profile) share /= std::sqrt(square);
}

/// Of every node: what it reads, and what it feeds.
struct Profiles {
  std::vector<Profile> inputs, outputs;
};

Profiles profiles_of(const AttributionGraph& graph, const PrunedGraph& pruned) {
  std::vector<double> sums(graph.n_nodes(), 0.0);
  for_each_kept_edge(graph, pruned, [&](std::size_t, std::size_t target, float weight) {
    sums[target] += std::abs(static_cast<double>(weight));
  });
  Profiles profiles{.inputs = std::vector<Profile>(graph.n_nodes()),
                    .outputs = std::vector<Profile>(graph.n_nodes())};
  for_each_kept_edge(graph, pruned, [&](std::size_t source, std::size_t target, float weight) {
    if (sums[target] == 0) return;
    const double share = weight / sums[target];
    profiles.inputs[target].emplace_back(source, share);
    profiles.outputs[source].emplace_back(target, share);
  });
  for (Profile& profile : profiles.inputs) scale_to_unit(profile);
  for (Profile& profile : profiles.outputs) scale_to_unit(profile);
  return profiles;
}

/// Adds half the products of `items[item]`'s profile with those of later items to `cosines`.
class ProfileProducts {
 public:
  ProfileProducts(const std::vector<Profile>& profiles, std::span<const std::size_t> items,
                  std::size_t n_nodes)
      : profiles_(profiles), items_(items), holders_(n_nodes) {
    for (std::size_t item = 0; item < items.size(); ++item) {
      for (const auto& [node, share] : profiles[items[item]]) {
        holders_[node].emplace_back(item, share);
      }
    }
  }

  void add(std::size_t item, std::vector<double>& cosines) const {
    for (const auto& [node, share] : profiles_[items_[item]]) {
      for (const auto& [other, other_share] : holders_[node]) {
        if (other > item) cosines[other] += share * other_share / 2;
      }
    }
  }

 private:
  const std::vector<Profile>& profiles_;
  std::span<const std::size_t> items_;
  std::vector<Profile> holders_;  // node -> items whose profile has it
};

std::vector<AlikePair> shared_neighbours(const Profiles& profiles,
                                         std::span<const std::size_t> items, std::size_t n_nodes) {
  const ProfileProducts inputs(profiles.inputs, items, n_nodes);
  const ProfileProducts outputs(profiles.outputs, items, n_nodes);
  std::vector<AlikePair> pairs;
  std::vector<double> cosines(items.size());
  for (std::size_t item = 0; item < items.size(); ++item) {
    std::ranges::fill(cosines, 0.0);
    inputs.add(item, cosines);
    outputs.add(item, cosines);
    for (std::size_t other = item + 1; other < items.size(); ++other) {
      if (std::abs(cosines[other]) < kLeastShared) continue;
      pairs.push_back({.first = item, .second = other, .similarity = cosines[other]});
    }
  }
  return pairs;
}

std::vector<AlikePair> alike_decoders(const AttributionGraph& graph,
                                      std::span<const std::size_t> items) {
  std::vector<std::size_t> item_of(graph.n_features(), kNone);
  for (std::size_t item = 0; item < items.size(); ++item) item_of[items[item]] = item;
  const FeatureSimilarity& all = graph.similarity();
  std::vector<AlikePair> pairs;
  for (std::size_t i = 0; i < all.pairs.size(); ++i) {
    const std::size_t first = item_of[static_cast<std::size_t>(all.pairs[i].first)];
    const std::size_t second = item_of[static_cast<std::size_t>(all.pairs[i].second)];
    if (first == kNone || second == kNone) continue;
    pairs.push_back({.first = first, .second = second, .similarity = all.cosines[i]});
  }
  std::ranges::sort(pairs, {}, [](const AlikePair& p) { return std::pair(p.first, p.second); });
  return pairs;
}

void divide(std::vector<AlikePair>& pairs, double threshold) {
  for (AlikePair& pair : pairs) pair.similarity /= threshold;
}

/// The lesser similarity of pairs that are in both lists, which are sorted.
std::vector<AlikePair> lesser_of(std::span<const AlikePair> a, std::span<const AlikePair> b) {
  const auto key = [](const AlikePair& pair) { return std::pair(pair.first, pair.second); };
  std::vector<AlikePair> both;
  for (const AlikePair& pair : a) {
    const auto found = std::ranges::lower_bound(b, key(pair), {}, key);
    if (found == b.end() || key(*found) != key(pair)) continue;
    both.push_back({pair.first, pair.second, std::min(pair.similarity, found->similarity)});
  }
  return both;
}

/// Pairs of `items`, their similarity in units of the threshold.
std::vector<AlikePair> alike_pairs(const AttributionGraph& graph, const Profiles& profiles,
                                   std::span<const std::size_t> items,
                                   const GroupingOptions& options) {
  std::vector<AlikePair> decoders, neighbours;
  if (options.by_similarity) decoders = alike_decoders(graph, items);
  if (options.by_neighbours) neighbours = shared_neighbours(profiles, items, graph.n_nodes());
  divide(decoders, options.min_similarity);
  divide(neighbours, options.min_shared);
  if (options.by_similarity && options.by_neighbours) return lesser_of(decoders, neighbours);
  return options.by_similarity ? decoders : neighbours;
}

}  // namespace

std::vector<std::vector<std::size_t>> find_groups(const AttributionGraph& graph,
                                                  const PrunedGraph& pruned,
                                                  const GroupingOptions& options) {
  check(graph, pruned, options);
  Profiles profiles;
  if (options.by_neighbours) profiles = profiles_of(graph, pruned);
  std::vector<std::vector<std::size_t>> groups;
  for (const auto& [key, items] : cells_of(graph, pruned, options)) {
    if (!options.by_similarity && !options.by_neighbours) {
      groups.push_back(items);
      continue;
    }
    const auto pairs = alike_pairs(graph, profiles, items, options);
    for (std::vector<std::size_t> group : cluster(items.size(), pairs, 1.0)) {
      for (std::size_t& member : group) member = items[member];
      groups.push_back(std::move(group));
    }
  }
  std::erase_if(groups, [&](const auto& group) { return group.size() < options.min_members; });
  std::ranges::sort(groups);
  return groups;
}

}  // namespace circuit
