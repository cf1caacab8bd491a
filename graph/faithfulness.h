// How much of what a model prefers is left when only a circuit of it works: curves over circuits of
// growing size and the areas under them (docs/method.md, Faithfulness). Plain numbers; whoever
// measures them is elsewhere.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace circuit {

/// Shares of the feature nodes that the circuits of a curve keep, ascending.
inline constexpr std::array<double, 10> kCircuitShares = {0.001, 0.002, 0.005, 0.01, 0.02,
                                                          0.05,  0.1,   0.2,   0.5,  1.0};

/// How many of `n_features` a share is: at least 1 where there are any.
std::size_t circuit_size(double share, std::size_t n_features);

/// What sources outside a circuit are worth.
enum class OutsideValues : std::uint8_t {
  kCounterfactual,             ///< their values in the counterfactual prompt
  kCounterfactualCleanErrors,  ///< the same, but errors keep those of the prompt
  kMeans,                      ///< means over a data set
};

/// By what the features of a circuit are chosen, largest first.
enum class FeatureOrder : std::uint8_t { kInfluence, kRandom, kActivation, kDirectEdge };

/// `counterfactual`, `clean errors`, `means`; `influence`, `random`, `activation x decoder`,
/// `direct edge`.
const char* name_of(OutsideValues values);
const char* name_of(FeatureOrder order);

/// m, the logit of the answer less that of the counterfactual answer, of circuits of each size and
/// of all but the circuit.
struct CircuitCurve {
  FeatureOrder order = FeatureOrder::kInfluence;
  std::array<double, kCircuitShares.size()> circuit = {};  ///< m(C_k)
  std::array<double, kCircuitShares.size()> rest = {};     ///< m(N \ C_k)
};

/// m of one pair of prompts under one kind of values outside.
struct CircuitMeasures {
  OutsideValues outside = OutsideValues::kCounterfactual;
  bool live = false;   ///< attention patterns and norm scales; else those of the prompt's own run
  double model = 0;    ///< m(N), of the model
  double nothing = 0;  ///< m(∅)
  double tokens = 0;   ///< of the circuit that holds tokens alone
  double pruned = 0;   ///< of the pruned graph: its features, errors and all tokens
  double pruned_rest = 0;
  std::vector<CircuitCurve> curves;
};

/// One pair of prompts.
struct PairMeasures {
  std::string id;
  std::size_t n_features = 0;                          ///< feature nodes of the prompt's graph
  std::size_t pruned_features = 0, pruned_errors = 0;  ///< kept by pruning
  std::vector<CircuitMeasures> measures;               ///< the same kinds for every pair
};

/// A number and the interval that holds it in 95 % of resamples of whole clusters.
struct Interval {
  double value = 0, low = 0, high = 0;
};

struct CurveSummary {
  FeatureOrder order = FeatureOrder::kInfluence;
  std::array<Interval, kCircuitShares.size()> circuit = {}, rest = {};  ///< f
  Interval cpr, cmd;
};

struct FaithfulnessSummary {
  OutsideValues outside = OutsideValues::kCounterfactual;
  bool live = false;
  double model = 0, nothing = 0;         ///< mean m(N), m(∅)
  Interval tokens, pruned, pruned_rest;  ///< f
  std::vector<CurveSummary> curves;
};

/// ∫ f dk and ∫ |1 − f| dk over kCircuitShares by trapezoids.
double area_under(std::span<const double> f);
double area_from_one(std::span<const double> f);

/// f = (Σ m(C) − Σ m(∅)) / (Σ m(N) − Σ m(∅)), sums over pairs, for every kind of measures that the
/// pairs have; intervals from 10,000 resamples of clusters (a name for each pair), seed 0. A single
/// pair gives its own f. Not finite where the denominator is 0. Throws std::invalid_argument
/// without pairs, or where the numbers of pairs and clusters or the kinds of measures differ.
std::vector<FaithfulnessSummary> summarise_faithfulness(std::span<const PairMeasures> pairs,
                                                        std::span<const std::string> clusters);

}  // namespace circuit
