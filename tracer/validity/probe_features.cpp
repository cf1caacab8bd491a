#include "tracer/validity/probe_features.h"

#include <algorithm>
#include <cmath>

#include <ATen/ATen.h>

#include "graph/influence.h"
#include "graph/predicted_change.h"
#include "tracer/intervention/changed_run.h"
#include "tracer/machine/threads.h"
#include "tracer/validity/feature_orders.h"

namespace circuit {
namespace {

// Layers whose MLP outputs are held, from the changed feature's own on.
constexpr std::int64_t kHeldLayers = 3;

// What the graph's features and tokens read in one run.
struct Readings {
  std::vector<double> features;  // [n_features]
  at::Tensor logits;             // [vocabulary] f64, ahead of the soft cap
  at::Tensor log_probabilities;  // [vocabulary] f64
};

class Prober {
 public:
  Prober(const ReplacementRun& run, const AttributionGraph& graph)
      : graph_(graph),
        clean_(run_clean(*run.model, run.transcoders, run.record.input_ids, run.zero_positions)),
        unchanged_(read({})),
        influence_(compute_influence(graph)),
        direct_edges_(direct_edge_scores(graph)),
        activations_(activation_scores(run, graph)) {}

  FeatureProbe probe(std::size_t node) const {
    FeatureProbe probe{.node = node,
                       .influence = influence_[node],
                       .direct_edge = direct_edges_[node],
                       .activation = activations_[node]};
    for (const bool held : {true, false}) {
      for (const bool doubled : {false, true}) probe.runs.push_back(run(node, held, doubled));
    }
    return probe;
  }

 private:
  std::int64_t n_layers() const { return clean_.model->config.n_layers; }

  Readings read(const PlacedIntervention& intervention) const {
    const ChangedRun changed = run_changed(clean_, /*sae=*/nullptr, intervention,
                                           LogitPositions::kLast, /*with_pre_activations=*/true);
    Readings readings;
    for (std::size_t layer = 0; layer < changed.pre_activations.size(); ++layer) {
      const at::Tensor here =
          changed.pre_activations[layer].to(at::kCPU).to(at::kDouble).contiguous();
      for (std::size_t i = readings.features.size();
           i < graph_.n_features() && graph_.node(i).layer == static_cast<std::int32_t>(layer);
           ++i) {
        const Node node = graph_.node(i);
        readings.features.push_back(
            here.data_ptr<double>()[node.position * here.size(1) + node.feature]);
      }
    }
    const at::Tensor logits =
        changed.logits[changed.logits.size(0) - 1].to(at::kCPU).to(at::kDouble);
    readings.log_probabilities = logits.log_softmax(0);
    const double cap = clean_.model->config.final_softcap;
    readings.logits = cap == 0 ? logits : cap * (logits / cap).atanh();
    return readings;
  }

  ProbeRun run(std::size_t source, bool held, bool doubled) const {
    const Node node = graph_.node(source);
    PlacedIntervention intervention;
    PlacedEdit edit;
    edit.edit.layer = node.layer;
    edit.edit.feature = node.feature;
    edit.edit.operation = FeatureEdit::Operation::kScale;
    edit.edit.value = doubled ? 2 : 0;
    edit.range = {.begin = node.position, .end = node.position + 1};
    intervention.edits = {edit};
    const std::int64_t last_held = std::min(node.layer + kHeldLayers, n_layers()) - 1;
    if (held) intervention.constrained = LayerRange{.first = node.layer, .last = last_held};
    const Readings changed = read(intervention);
    const double change = doubled ? 1 : -1;
    const std::vector<double> predicted =
        held ? direct_change(graph_, source, change) : total_change(graph_, source, change);
    // While held, only what reads no layer above the held ones has its edges alone to move it.
    const std::int64_t last_read = held ? last_held + 1 : n_layers();
    ProbeRun result{.held = held, .doubled = doubled};
    result.kl = (unchanged_.log_probabilities.exp() *
                 (unchanged_.log_probabilities - changed.log_probabilities))
                    .sum()
                    .item<double>();
    compare_features(source, last_read, changed, predicted, result);
    if (last_read >= n_layers()) compare_outputs(changed, predicted, result);
    return result;
  }

  void compare_features(std::size_t source, std::int64_t last_read, const Readings& changed,
                        const std::vector<double>& predicted, ProbeRun& result) const {
    const Node from = graph_.node(source);
    const std::vector<double> influence =
        result.doubled ? std::vector<double>() : influence_on_all(graph_, source);
    result.by_depth.resize(static_cast<std::size_t>(
        std::max<std::int64_t>(std::min(last_read, n_layers() - 1) - from.layer, 0)));
    for (std::size_t i = source + 1; i < graph_.n_features(); ++i) {
      const Node to = graph_.node(i);
      if (to.layer <= from.layer || to.layer > last_read || to.position < from.position) continue;
      const double moved = changed.features[i] - unchanged_.features[i];
      result.by_depth[static_cast<std::size_t>(to.layer - from.layer - 1)].add(moved, predicted[i]);
      const double activation = std::abs(graph_.activation(i));
      if (result.doubled || activation == 0) continue;
      result.influences.push_back(influence[i]);
      result.effects.push_back(std::abs(moved) / activation);
    }
  }

  void compare_outputs(const Readings& changed, const std::vector<double>& predicted,
                       ProbeRun& result) const {
    const at::Tensor moved = changed.logits - unchanged_.logits;
    const double mean = moved.mean().item<double>();
    for (std::size_t i = graph_.first_target(); i < graph_.n_nodes(); ++i) {
      const Target& target = graph_.target(i);
      const bool is_output =
          target.kind == TargetKind::kToken && graph_.node(i).position + 1 == clean_.n_positions();
      if (!is_output) continue;  // the logits are those behind the last token
      result.outputs.add(moved[target.token_id].item<double>() - mean, predicted[i]);
    }
  }

  const AttributionGraph& graph_;
  CleanRun clean_;
  Readings unchanged_;
  std::vector<double> influence_, direct_edges_, activations_;
};

}  // namespace

std::vector<FeatureProbe> probe_features(const ReplacementRun& run, const AttributionGraph& graph,
                                         std::span<const std::size_t> nodes) {
  const Prober prober(run, graph);
  std::vector<FeatureProbe> probes(nodes.size());
  const auto probe = [&](std::size_t i) { probes[i] = prober.probe(nodes[i]); };
  if (run.device().is_cpu()) {
    parallel_tasks(nodes.size(), probe);
  } else {
    for (std::size_t i = 0; i < nodes.size(); ++i) probe(i);
  }
  return probes;
}

}  // namespace circuit
