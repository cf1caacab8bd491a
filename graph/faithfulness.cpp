#include "graph/faithfulness.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <stdexcept>

namespace circuit {
namespace {

constexpr std::size_t kShares = kCircuitShares.size();
constexpr std::size_t kResamples = 10'000;

// Of one kind of measures, added up over some pairs; what an f is made of.
struct Sums {
  double model = 0, nothing = 0;
  std::vector<double> values;  // m of every circuit that an f is asked of

  void add(const Sums& other) {
    model += other.model;
    nothing += other.nothing;
    values.resize(other.values.size());
    for (std::size_t i = 0; i < values.size(); ++i) values[i] += other.values[i];
  }
  std::vector<double> faithfulness() const {
    std::vector<double> f;
    for (const double value : values) f.push_back((value - nothing) / (model - nothing));
    return f;
  }
};

// Tokens, pruned, its rest; of each curve the circuits, then their rests.
Sums sums_of(const CircuitMeasures& measures) {
  Sums sums{.model = measures.model, .nothing = measures.nothing};
  sums.values = {measures.tokens, measures.pruned, measures.pruned_rest};
  for (const CircuitCurve& curve : measures.curves) {
    sums.values.insert(sums.values.end(), curve.circuit.begin(), curve.circuit.end());
    sums.values.insert(sums.values.end(), curve.rest.begin(), curve.rest.end());
  }
  return sums;
}

constexpr std::size_t kFirstCurve = 3;

// Every f, then of each curve CPR and CMD.
std::vector<double> numbers_of(const Sums& sums, std::size_t n_curves) {
  std::vector<double> numbers = sums.faithfulness();
  const std::vector<double> f = numbers;
  for (std::size_t curve = 0; curve < n_curves; ++curve) {
    const auto circuit = std::span(f).subspan(kFirstCurve + curve * 2 * kShares, kShares);
    numbers.push_back(area_under(circuit));
    numbers.push_back(area_from_one(circuit));
  }
  return numbers;
}

std::vector<Interval> intervals_of(const std::vector<Sums>& clusters, std::size_t n_curves) {
  Sums all;
  for (const Sums& cluster : clusters) all.add(cluster);
  const std::vector<double> values = numbers_of(all, n_curves);
  std::vector<std::vector<double>> resampled(values.size());
  std::mt19937_64 random(0);
  for (std::size_t i = 0; i < kResamples; ++i) {
    Sums drawn;
    for (std::size_t j = 0; j < clusters.size(); ++j)
      drawn.add(clusters[random() % clusters.size()]);
    const std::vector<double> numbers = numbers_of(drawn, n_curves);
    for (std::size_t k = 0; k < numbers.size(); ++k) resampled[k].push_back(numbers[k]);
  }
  std::vector<Interval> intervals;
  for (std::size_t k = 0; k < values.size(); ++k) {
    std::ranges::sort(resampled[k], [](double a, double b) {  // what is no number last
      return std::isnan(b) ? !std::isnan(a) : a < b;
    });
    intervals.push_back({.value = values[k],
                         .low = resampled[k][kResamples * 25 / 1000],
                         .high = resampled[k][kResamples * 975 / 1000]});
  }
  return intervals;
}

void check_pairs(std::span<const PairMeasures> pairs, std::span<const std::string> clusters) {
  if (pairs.empty()) throw std::invalid_argument("[faithfulness] no pairs, expected at least one");
  if (pairs.size() != clusters.size()) {
    throw std::invalid_argument("[faithfulness] " + std::to_string(clusters.size()) +
                                " clusters, expected one for each of " +
                                std::to_string(pairs.size()) + " pairs");
  }
  const auto same = [](const CircuitMeasures& a, const CircuitMeasures& b) {
    return a.outside == b.outside && a.live == b.live &&
           std::ranges::equal(a.curves, b.curves, {}, &CircuitCurve::order, &CircuitCurve::order);
  };
  for (const PairMeasures& pair : pairs) {
    if (std::ranges::equal(pair.measures, pairs.front().measures, same)) continue;
    throw std::invalid_argument("[faithfulness] pair " + pair.id +
                                " has other measures than the first, expected the same");
  }
}

FaithfulnessSummary summarise(const CircuitMeasures& kind, const std::vector<Sums>& clusters,
                              std::size_t n_pairs) {
  Sums all;
  for (const Sums& cluster : clusters) all.add(cluster);
  FaithfulnessSummary summary{.outside = kind.outside,
                              .live = kind.live,
                              .model = all.model / static_cast<double>(n_pairs),
                              .nothing = all.nothing / static_cast<double>(n_pairs)};
  const std::vector<Interval> numbers = intervals_of(clusters, kind.curves.size());
  summary.tokens = numbers[0];
  summary.pruned = numbers[1];
  summary.pruned_rest = numbers[2];
  const std::size_t areas = kFirstCurve + kind.curves.size() * 2 * kShares;
  for (std::size_t i = 0; i < kind.curves.size(); ++i) {
    CurveSummary curve{.order = kind.curves[i].order};
    const std::size_t begin = kFirstCurve + i * 2 * kShares;
    std::copy_n(numbers.begin() + static_cast<std::ptrdiff_t>(begin), kShares,
                curve.circuit.begin());
    std::copy_n(numbers.begin() + static_cast<std::ptrdiff_t>(begin + kShares), kShares,
                curve.rest.begin());
    curve.cpr = numbers[areas + 2 * i];
    curve.cmd = numbers[areas + 2 * i + 1];
    summary.curves.push_back(curve);
  }
  return summary;
}

template <typename Value>
double area(std::span<const double> f, Value&& value) {
  double sum = 0;
  for (std::size_t i = 0; i + 1 < kShares; ++i) {
    sum += (kCircuitShares[i + 1] - kCircuitShares[i]) * (value(f[i]) + value(f[i + 1])) / 2;
  }
  return sum;
}

}  // namespace

std::size_t circuit_size(double share, std::size_t n_features) {
  const auto size = static_cast<std::size_t>(std::llround(share * static_cast<double>(n_features)));
  return std::min(n_features, std::max<std::size_t>(size, 1));
}

const char* name_of(OutsideValues values) {
  switch (values) {
    case OutsideValues::kCounterfactual:
      return "counterfactual";
    case OutsideValues::kCounterfactualCleanErrors:
      return "clean errors";
    case OutsideValues::kMeans:
      return "means";
  }
  return "";
}

const char* name_of(FeatureOrder order) {
  switch (order) {
    case FeatureOrder::kInfluence:
      return "influence";
    case FeatureOrder::kRandom:
      return "random";
    case FeatureOrder::kActivation:
      return "activation x decoder";
    case FeatureOrder::kDirectEdge:
      return "direct edge";
  }
  return "";
}

double area_under(std::span<const double> f) {
  return area(f, [](double x) { return x; });
}

double area_from_one(std::span<const double> f) {
  return area(f, [](double x) { return std::abs(1 - x); });
}

std::vector<FaithfulnessSummary> summarise_faithfulness(std::span<const PairMeasures> pairs,
                                                        std::span<const std::string> clusters) {
  check_pairs(pairs, clusters);
  std::vector<FaithfulnessSummary> summaries;
  for (std::size_t kind = 0; kind < pairs.front().measures.size(); ++kind) {
    std::map<std::string, Sums> by_cluster;
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      by_cluster[clusters[i]].add(sums_of(pairs[i].measures[kind]));
    }
    std::vector<Sums> sums;
    for (const auto& [name, sum] : by_cluster) sums.push_back(sum);
    summaries.push_back(summarise(pairs.front().measures[kind], sums, pairs.size()));
  }
  return summaries;
}

}  // namespace circuit
