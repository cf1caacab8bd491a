// How far what a graph predicts of changed features is what the model does: measures of single
// features put together (docs/method.md, Validity). Plain numbers; whoever measures is elsewhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace circuit {

/// Of some explained quantities: how they moved (Δ) and how the graph says they would (Δ̂).
struct ChangeAgreement {
  double product = 0;    ///< Σ Δ Δ̂
  double measured = 0;   ///< ‖Δ‖²
  double predicted = 0;  ///< ‖Δ̂‖²
  double error = 0;      ///< ‖Δ − Δ̂‖²

  void add(double measured_change, double predicted_change);
};

/// One run of the model with one feature changed.
struct ProbeRun {
  bool held = false;        ///< MLP outputs of the feature's layer and the two behind it; else live
  bool doubled = false;     ///< else ablated
  double kl = 0;            ///< of the changed next-token distribution from the unchanged, nats
  ChangeAgreement outputs;  ///< of the graph's tokens; all 0 where not predicted
  std::vector<ChangeAgreement> by_depth;  ///< [d - 1]: features d layers behind
  /// Of ablated features, for each later feature that the prediction covers: influence of the
  /// probed on it, and |Δ| over its activation.
  std::vector<double> influences, effects;
};

/// A feature with what ranks it and its runs, the same kinds for every feature.
struct FeatureProbe {
  std::size_t node = 0;
  double influence = 0;
  double direct_edge = 0;  ///< share of the targets' input
  double activation = 0;   ///< times the norm of its decoder
  std::vector<ProbeRun> runs;
};

/// Over the probed features for which there is something to compare.
struct DepthAgreement {
  std::size_t features = 0;
  double cosine = 0;        ///< mean over features
  double error = 0;         ///< Σ ‖Δ − Δ̂‖² / Σ ‖Δ‖²
  double median_error = 0;  ///< of ‖Δ − Δ̂‖² / ‖Δ‖²
};

struct RunAgreement {
  bool held = false, doubled = false;
  DepthAgreement outputs;
  std::vector<DepthAgreement> by_depth;  ///< [d - 1]
};

/// Rank correlations with the effect of ablating features; none where there is no variation.
struct EffectRanks {
  bool held = false;
  std::optional<double> influence, direct_edge, activation;  ///< with the KL of ablation
  std::optional<double> between_features;  ///< influence on later features with the effect on them
  std::size_t pairs = 0;                   ///< behind the last
};

struct GraphValidity {
  std::size_t features = 0;          ///< probed
  std::size_t feature_nodes = 0;     ///< of the graph
  std::vector<RunAgreement> runs;    ///< ablated and doubled, held and live
  std::vector<EffectRanks> effects;  ///< held, live
};

/// About `count` of the features, as many from each tenth of them by influence, drawn by `seed`
/// (all where there are fewer); ascending.
std::vector<std::size_t> draw_by_influence(std::span<const double> influence, std::size_t count,
                                           std::uint64_t seed);

/// `feature_nodes`: of the graph that the probes are of.
GraphValidity summarise_probes(std::span<const FeatureProbe> probes, std::size_t feature_nodes);

}  // namespace circuit
