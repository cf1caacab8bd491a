#include "graph/graph_validity.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "graph/rank_correlation.h"

namespace circuit {
namespace {

constexpr std::size_t kStrata = 10;

DepthAgreement agreement_of(const std::vector<const ChangeAgreement*>& changes) {
  DepthAgreement agreement;
  double error = 0, measured = 0;
  std::vector<double> errors;
  for (const ChangeAgreement* const change : changes) {
    if (!(change->measured > 0)) continue;
    ++agreement.features;
    // Where nothing is predicted no direction is.
    const double lengths = std::sqrt(change->measured * change->predicted);
    agreement.cosine += lengths > 0 ? change->product / lengths : 0.0;
    error += change->error;
    measured += change->measured;
    errors.push_back(change->error / change->measured);
  }
  if (errors.empty()) return agreement;
  std::ranges::sort(errors);
  agreement.cosine /= static_cast<double>(errors.size());
  agreement.error = error / measured;
  agreement.median_error = (errors[(errors.size() - 1) / 2] + errors[errors.size() / 2]) / 2;
  return agreement;
}

RunAgreement summarise_run(std::span<const FeatureProbe> probes, std::size_t run) {
  const ProbeRun& kind = probes.front().runs[run];
  RunAgreement summary{.held = kind.held, .doubled = kind.doubled};
  std::vector<const ChangeAgreement*> outputs;
  std::vector<std::vector<const ChangeAgreement*>> depths;
  for (const FeatureProbe& probe : probes) {
    const ProbeRun& one = probe.runs[run];
    outputs.push_back(&one.outputs);
    depths.resize(std::max(depths.size(), one.by_depth.size()));
    for (std::size_t d = 0; d < one.by_depth.size(); ++d) depths[d].push_back(&one.by_depth[d]);
  }
  summary.outputs = agreement_of(outputs);
  for (const auto& changes : depths) summary.by_depth.push_back(agreement_of(changes));
  return summary;
}

EffectRanks rank_effects(std::span<const FeatureProbe> probes, std::size_t run) {
  EffectRanks ranks{.held = probes.front().runs[run].held};
  std::vector<double> kl, influence, direct_edge, activation, influences, effects;
  for (const FeatureProbe& probe : probes) {
    const ProbeRun& one = probe.runs[run];
    kl.push_back(one.kl);
    influence.push_back(probe.influence);
    direct_edge.push_back(probe.direct_edge);
    activation.push_back(probe.activation);
    influences.insert(influences.end(), one.influences.begin(), one.influences.end());
    effects.insert(effects.end(), one.effects.begin(), one.effects.end());
  }
  ranks.influence = rank_correlation(influence, kl);
  ranks.direct_edge = rank_correlation(direct_edge, kl);
  ranks.activation = rank_correlation(activation, kl);
  ranks.between_features = rank_correlation(influences, effects);
  ranks.pairs = effects.size();
  return ranks;
}

}  // namespace

void ChangeAgreement::add(double measured_change, double predicted_change) {
  const double difference = measured_change - predicted_change;
  product += measured_change * predicted_change;
  measured += measured_change * measured_change;
  predicted += predicted_change * predicted_change;
  error += difference * difference;
}

std::vector<std::size_t> draw_by_influence(std::span<const double> influence, std::size_t count,
                                           std::uint64_t seed) {
  std::vector<std::size_t> order(influence.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (order.size() <= count) return order;
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
    return influence[a] != influence[b] ? influence[a] > influence[b] : a < b;
  });
  std::mt19937_64 random(seed);
  std::vector<std::size_t> drawn;
  for (std::size_t stratum = 0; stratum < kStrata; ++stratum) {
    const std::size_t begin = stratum * order.size() / kStrata;
    const std::size_t end = (stratum + 1) * order.size() / kStrata;
    const std::size_t wanted = (stratum + 1) * count / kStrata - stratum * count / kStrata;
    for (std::size_t i = begin; i < begin + std::min(wanted, end - begin); ++i) {
      std::swap(order[i], order[i + random() % (end - i)]);
      drawn.push_back(order[i]);
    }
  }
  std::ranges::sort(drawn);
  return drawn;
}

GraphValidity summarise_probes(std::span<const FeatureProbe> probes, std::size_t feature_nodes) {
  GraphValidity validity{.features = probes.size(), .feature_nodes = feature_nodes};
  if (probes.empty()) return validity;
  for (std::size_t run = 0; run < probes.front().runs.size(); ++run) {
    validity.runs.push_back(summarise_run(probes, run));
    if (!probes.front().runs[run].doubled) validity.effects.push_back(rank_effects(probes, run));
  }
  return validity;
}

}  // namespace circuit
