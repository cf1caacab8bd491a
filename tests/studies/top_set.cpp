#include "tests/studies/top_set.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <utility>

#include "graph/influence.h"
#include "graph/prune.h"
#include "tracer/explorer.h"
#include "tracer/text/prompt_file.h"
#include "tracer/tracer.h"

namespace circuit::studies {
namespace {

constexpr std::size_t kLargestSet = 10, kMatched = 50;

/// Node indices of a graph.
using NodeSet = std::vector<std::size_t>;

std::string cluster_of(const PromptEntry& entry) {
  for (const char* field : {"entity", "opposites", "question", "sum", "subject"}) {
    if (const auto found = entry.fields.find(field); found != entry.fields.end()) {
      return std::string(field) + ":" + found->second;
    }
  }
  return entry.id;
}

std::vector<PromptEntry> choose_prompts(const std::filesystem::path& path, std::size_t per_family) {
  std::map<std::string, std::set<std::string>> taken;  // family -> clusters
  std::vector<PromptEntry> chosen;
  for (PromptEntry& entry : read_prompt_file(path).entries) {
    if (entry.split != "test" || !entry.prompt || !entry.answer) continue;
    std::set<std::string>& clusters = taken[entry.family.value()];
    if (clusters.size() == per_family || !clusters.insert(cluster_of(entry)).second) continue;
    chosen.push_back(std::move(entry));
  }
  return chosen;
}

struct Place {
  std::int32_t layer, position;
  auto operator<=>(const Place&) const = default;
};

/// What one prompt gives.
struct Measured {
  double size = 0, drop = 0, matched = 0, activation = 0, activation_indirect = 0, direct = 0;
  std::size_t rank = 0;
};

class PromptStudy {
 public:
  PromptStudy(const Explorer& explorer, AttributionGraph graph)
      : explorer_(explorer), graph_(std::move(graph)) {
    const PrunedGraph pruned = prune(graph_);
    direct_.assign(graph_.n_features(), 0);
    is_direct_.assign(graph_.n_features(), false);
    const EdgeMatrix& edges = graph_.edges();
    for (std::size_t t = graph_.first_target(); t < graph_.n_nodes(); ++t) {
      for (std::size_t e = edges.begin(t); e < edges.end(t); ++e) {
        const auto source = static_cast<std::size_t>(edges.columns[e]);
        if (source >= graph_.n_features()) continue;
        direct_[source] += std::abs(static_cast<double>(edges.weights[e]));
        if (pruned.edge_mask[e] != 0) is_direct_[source] = true;
      }
    }
  }

  std::int32_t answer() const { return graph_.target(graph_.first_target()).token_id; }

  /// The set, empty when no feature of influence lacks a direct edge.
  NodeSet top_set() const {
    return best(compute_influence(graph_), kLargestSet, /*indirect_only=*/true);
  }
  NodeSet by_activation(std::size_t count, bool indirect_only) const {
    std::vector<double> scores;
    for (std::size_t f = 0; f < graph_.n_features(); ++f) {
      scores.push_back(explorer_.written_norm({change_of(f, graph_.activation(f))}));
    }
    return best(scores, count, indirect_only);
  }
  NodeSet by_direct_edge(std::size_t count) const { return best(direct_, count, false); }

  /// As many features at each place, drawn from the others there; nothing where there are too few.
  std::optional<NodeSet> matched(const NodeSet& set, std::mt19937_64& random) const {
    std::map<Place, std::size_t> wanted;
    for (const std::size_t f : set) ++wanted[place_of(f)];
    std::map<Place, NodeSet> others;
    for (std::size_t f = 0; f < graph_.n_features(); ++f) {
      if (std::ranges::find(set, f) == set.end()) others[place_of(f)].push_back(f);
    }
    NodeSet drawn;
    for (const auto& [place, count] : wanted) {
      NodeSet& pool = others[place];
      if (pool.size() < count) return {};
      for (std::size_t i = 0; i < count; ++i) {  // the same on every machine
        std::swap(pool[i], pool[i + random() % (pool.size() - i)]);
        drawn.push_back(pool[i]);
      }
    }
    return drawn;
  }

  /// Each of them set to 0.
  Intervention ablate(const NodeSet& set) const {
    Intervention intervention;
    for (const std::size_t f : set) {
      intervention.edits.push_back(edit_of(f, FeatureEdit::Operation::kSet, 0));
    }
    return intervention;
  }
  /// Their ablation, longer or shorter so that it writes as much as that of `like`.
  Intervention ablate_as_much(const NodeSet& set, const NodeSet& like) const {
    const double factor = written(like) / written(set);
    Intervention intervention;
    for (const std::size_t f : set) {
      intervention.edits.push_back(
          edit_of(f, FeatureEdit::Operation::kAdd, -factor * graph_.activation(f)));
    }
    return intervention;
  }

 private:
  Place place_of(std::size_t f) const {
    const Node node = graph_.node(f);
    return {node.layer, node.position};
  }
  FeatureChange change_of(std::size_t f, double amount) const {
    const Node node = graph_.node(f);
    return {
        .layer = node.layer, .position = node.position, .feature = node.feature, .amount = amount};
  }
  double written(const NodeSet& set) const {
    std::vector<FeatureChange> changes;
    for (const std::size_t f : set) changes.push_back(change_of(f, graph_.activation(f)));
    return explorer_.written_norm(changes);
  }
  FeatureEdit edit_of(std::size_t f, FeatureEdit::Operation operation, double value) const {
    const Node node = graph_.node(f);
    FeatureEdit edit;
    edit.layer = node.layer;
    edit.feature = node.feature;
    edit.positions = {.begin = node.position, .end = node.position + 1, .name = {}};
    edit.operation = operation;
    edit.value = value;
    return edit;
  }
  NodeSet best(const std::vector<double>& scores, std::size_t count, bool indirect_only) const {
    NodeSet order;
    for (std::size_t f = 0; f < graph_.n_features(); ++f) {
      if (scores[f] > 0 && !(indirect_only && is_direct_[f])) order.push_back(f);
    }
    std::ranges::stable_sort(order, std::greater<>(), [&](std::size_t f) { return scores[f]; });
    order.resize(std::min(order.size(), count));
    return order;
  }

  const Explorer& explorer_;
  AttributionGraph graph_;
  std::vector<double> direct_;   // |edges| to the target
  std::vector<bool> is_direct_;  // with a direct edge that pruning keeps
};

double log_probability(const Outcome& outcome, std::int32_t id) {
  double largest = -INFINITY, sum = 0;
  for (const float logit : outcome.logits) largest = std::max<double>(largest, logit);
  for (const float logit : outcome.logits) sum += std::exp(logit - largest);
  return outcome.logits[static_cast<std::size_t>(id)] - largest - std::log(sum);
}

void summarise(const std::vector<Measured>& all, const std::vector<std::string>& clusters,
               TopSetStudy& study) {
  const auto mean = [&](const auto& value) {
    std::vector<double> values;
    for (const Measured& one : all) values.push_back(value(one));
    return cluster_mean(values, clusters);
  };
  study.prompts = all.size();
  study.clusters = std::set(clusters.begin(), clusters.end()).size();
  std::vector<std::size_t> ranks;
  for (const Measured& one : all) ranks.push_back(one.rank);
  std::ranges::sort(ranks);
  const std::size_t half = ranks.size() / 2;
  study.median_rank = ranks.size() % 2 == 1
                          ? static_cast<double>(ranks[half])
                          : static_cast<double>(ranks[half - 1] + ranks[half]) / 2;
  study.ranked_first =
      wilson(static_cast<double>(std::ranges::count(ranks, 1)), static_cast<double>(ranks.size()));
  study.size = mean([](const Measured& m) { return m.size; });
  study.drop = mean([](const Measured& m) { return m.drop; });
  study.matched_drop = mean([](const Measured& m) { return m.matched; });
  study.activation_drop = mean([](const Measured& m) { return m.activation; });
  study.activation_indirect_drop = mean([](const Measured& m) { return m.activation_indirect; });
  study.direct_drop = mean([](const Measured& m) { return m.direct; });
  study.over_activation = mean([](const Measured& m) { return m.drop - m.activation; });
  study.over_activation_indirect =
      mean([](const Measured& m) { return m.drop - m.activation_indirect; });
  study.over_direct = mean([](const Measured& m) { return m.drop - m.direct; });
}

}  // namespace

TopSetStudy study_top_sets(const std::filesystem::path& model,
                           const std::filesystem::path& transcoders,
                           const std::filesystem::path& prompts, std::size_t per_family) {
  const LoadOptions load{.model = model, .transcoders = transcoders};
  const Tracer tracer(load);
  const Explorer explorer(load);
  TopSetStudy study;
  std::mt19937_64 random(0);
  std::vector<Measured> all;
  std::vector<std::string> clusters;
  for (const PromptEntry& entry : choose_prompts(prompts, per_family)) {
    PromptInput input;
    input.prompt = *entry.prompt;
    AttributionOptions options{.max_features = 0};
    options.targets.named = {*entry.answer};
    const PromptStudy prompt(explorer, tracer.trace(input, options).graph);
    const NodeSet set = prompt.top_set();
    if (set.empty()) {
      ++study.without_set;
      continue;
    }
    std::vector<Intervention> runs = {{},
                                      prompt.ablate(set),
                                      prompt.ablate(prompt.by_activation(set.size(), false)),
                                      prompt.ablate(prompt.by_activation(set.size(), true)),
                                      prompt.ablate(prompt.by_direct_edge(set.size()))};
    const std::size_t first_matched = runs.size();
    for (std::size_t i = 0; i < kMatched; ++i) {
      const auto drawn = prompt.matched(set, random);
      if (!drawn) break;
      runs.push_back(prompt.ablate_as_much(*drawn, set));
    }
    if (runs.size() == first_matched) {
      ++study.few_to_match;
      continue;
    }
    const std::vector<Outcome> outcomes = explorer.outcomes(input, runs);
    std::vector<double> drops;
    for (const Outcome& outcome : outcomes) {
      drops.push_back(log_probability(outcomes[0], prompt.answer()) -
                      log_probability(outcome, prompt.answer()));
    }
    Measured one{.size = static_cast<double>(set.size()),
                 .drop = drops[1],
                 .activation = drops[2],
                 .activation_indirect = drops[3],
                 .direct = drops[4],
                 .rank = 1};
    for (std::size_t i = first_matched; i < drops.size(); ++i) {
      one.matched += drops[i] / static_cast<double>(kMatched);
      if (drops[i] >= drops[1]) ++one.rank;
    }
    all.push_back(one);
    clusters.push_back(cluster_of(entry));
  }
  summarise(all, clusters, study);
  return study;
}

}  // namespace circuit::studies
