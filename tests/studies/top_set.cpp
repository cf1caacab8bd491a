#include "tests/studies/top_set.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <span>
#include <utility>

#include "graph/influence.h"
#include "tracer/explorer.h"
#include "tracer/text/prompt_file.h"
#include "tracer/tracer.h"

namespace circuit::studies {
namespace {

constexpr std::size_t kLargestSet = 10, kMatched = 50;
// An edge counts as direct when more than this share of the feature's influence takes it.
constexpr double kDirectShare = 0.1;

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
  double size = 0, drop = 0, activation = 0, activation_indirect = 0, direct = 0;
  struct Matched {
    std::size_t rank = 1;
    double drop = 0;
  };
  std::optional<Matched> matched;
};

class PromptStudy {
 public:
  PromptStudy(const Explorer& explorer, AttributionGraph graph)
      : explorer_(explorer), graph_(std::move(graph)), influence_(compute_influence(graph_)) {
    const EdgeMatrix& edges = graph_.edges();
    direct_.assign(graph_.n_features(), 0);
    double all = 0;
    for (std::size_t e = edges.begin(graph_.first_target()); e < edges.edges(); ++e) {
      const double weight = std::abs(static_cast<double>(edges.weights[e]));
      const auto source = static_cast<std::size_t>(edges.columns[e]);
      if (source < graph_.n_features()) direct_[source] += weight;
      all += weight;
    }
    const double weight = graph_.target_weights().back();
    for (std::size_t f = 0; f < graph_.n_features(); ++f) {
      is_indirect_.push_back(direct_[f] / all * weight < kDirectShare * influence_[f]);
    }
  }

  std::int32_t answer() const { return graph_.target(graph_.first_target()).token_id; }

  /// The set, empty when no feature of influence lacks a direct edge.
  NodeSet top_set() const { return best(influence_, kLargestSet, /*indirect_only=*/true); }
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

  /// Adds the runs of the matched sets: none where there are too few features, else kMatched.
  void add_matched(const NodeSet& set, std::mt19937_64& random,
                   std::vector<Intervention>& runs) const {
    for (std::size_t i = 0; i < kMatched; ++i) {
      const auto drawn = matched(set, random);
      if (!drawn) return;
      runs.push_back(ablate_as_much(*drawn, set));
    }
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
      if (scores[f] > 0 && (is_indirect_[f] || !indirect_only)) order.push_back(f);
    }
    std::ranges::stable_sort(order, std::greater<>(), [&](std::size_t f) { return scores[f]; });
    order.resize(std::min(order.size(), count));
    return order;
  }

  const Explorer& explorer_;
  AttributionGraph graph_;
  std::vector<double> influence_;
  std::vector<double> direct_;  // |edges| to the target
  std::vector<bool> is_indirect_;
};

double log_probability(const Outcome& outcome, std::int32_t id) {
  double largest = -INFINITY, sum = 0;
  for (const float logit : outcome.logits) largest = std::max<double>(largest, logit);
  for (const float logit : outcome.logits) sum += std::exp(logit - largest);
  return outcome.logits[static_cast<std::size_t>(id)] - largest - std::log(sum);
}

// As a target; an answer of several tokens begins with it.
std::string first_token(const Tracer& tracer, const std::string& answer) {
  PromptInput input;
  input.prompt = answer;
  return "#" + std::to_string(tracer.encode(input).at(1));
}

// Nothing where there is nothing to compare with.
std::optional<Measured::Matched> among(double drop, std::span<const double> others) {
  if (others.empty()) return {};
  Measured::Matched result;
  for (const double other : others) {
    result.drop += other / static_cast<double>(others.size());
    if (other >= drop) ++result.rank;
  }
  return result;
}

MatchedSets summarise_matched(const std::vector<Measured>& all,
                              const std::vector<std::string>& clusters) {
  MatchedSets result;
  std::vector<double> ranks, drops;
  std::vector<std::string> of;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto& matched = all[i].matched;
    if (!matched) continue;
    ranks.push_back(static_cast<double>(matched->rank));
    drops.push_back(matched->drop);
    of.push_back(clusters[i]);
  }
  result.prompts = ranks.size();
  if (ranks.empty()) return result;
  result.drop = cluster_mean(drops, of);
  const auto n = static_cast<double>(ranks.size());
  result.ranked_first = wilson(static_cast<double>(std::ranges::count(ranks, 1.0)), n);
  std::ranges::sort(ranks);
  result.median_rank = (ranks[(ranks.size() - 1) / 2] + ranks[ranks.size() / 2]) / 2;
  return result;
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
  study.matched = summarise_matched(all, clusters);
  study.size = mean([](const Measured& m) { return m.size; });
  study.drop = mean([](const Measured& m) { return m.drop; });
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
    options.targets.named = {first_token(tracer, *entry.answer)};
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
    prompt.add_matched(set, random, runs);
    const std::vector<Outcome> outcomes = explorer.outcomes(input, runs);
    std::vector<double> drops;
    for (const Outcome& outcome : outcomes) {
      drops.push_back(log_probability(outcomes[0], prompt.answer()) -
                      log_probability(outcome, prompt.answer()));
    }
    const std::span after(drops.begin() + static_cast<std::ptrdiff_t>(first_matched), drops.end());
    const Measured one{.size = static_cast<double>(set.size()),
                       .drop = drops[1],
                       .activation = drops[2],
                       .activation_indirect = drops[3],
                       .direct = drops[4],
                       .matched = among(drops[1], after)};
    all.push_back(one);
    clusters.push_back(cluster_of(entry));
  }
  summarise(all, clusters, study);
  return study;
}

}  // namespace circuit::studies
