#include "tracer/study/matched_changes.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>

#include "tracer/text/positions.h"

namespace circuit {
namespace {

using Place = std::tuple<std::int64_t, std::int64_t>;               // layer, position
using Spot = std::tuple<std::int64_t, std::int64_t, std::int64_t>;  // and feature

double amount_of(const FeatureEdit& edit, double activation) {
  switch (edit.operation) {
    case FeatureEdit::Operation::kSet:
      return edit.value - activation;
    case FeatureEdit::Operation::kScale:
      return edit.value * activation - activation;
    case FeatureEdit::Operation::kAdd:
      return edit.value;
    default:
      throw std::invalid_argument("[study] '" + edit.text +
                                  "': how much it changes is not known before it is made, expected "
                                  "=V, =xM, +=V or =mean for control random_matched");
  }
}

// The same order on every standard library, unlike std::shuffle.
template <typename Value>
void shuffle(std::vector<Value>& values, std::mt19937_64& random) {
  for (std::size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[random() % i]);
}

}  // namespace

std::vector<StudyChange> changes_of(const std::vector<FeatureEdit>& edits,
                                    const std::vector<FiringFeature>& clean,
                                    std::int64_t n_positions, std::int64_t zero_positions) {
  std::map<Spot, double> activations, amounts;
  for (const FiringFeature& one : clean) {
    activations[{one.layer, one.position, one.feature}] = static_cast<double>(one.activation);
  }
  const NamedPositions named = positions_of_prompt(n_positions);
  for (const FeatureEdit& edit : edits) {
    const EditRange range = resolve(edit, n_positions, named, zero_positions);
    for (std::int64_t p = range.begin; p < std::min(range.end, n_positions); ++p) {
      const auto found = activations.find({edit.layer, p, edit.feature});
      amounts[{edit.layer, p, edit.feature}] =
          amount_of(edit, found == activations.end() ? 0.0 : found->second);
    }
  }
  std::vector<StudyChange> changes;
  for (const auto& [spot, amount] : amounts) {
    const auto& [layer, position, feature] = spot;
    changes.push_back({.layer = layer, .position = position, .feature = feature, .amount = amount});
  }
  return changes;
}

std::optional<std::vector<StudyChange>> random_changes(const std::vector<StudyChange>& changes,
                                                       const std::vector<FiringFeature>& clean,
                                                       const WrittenNorm& norm,
                                                       std::uint64_t seed) {
  std::set<Spot> taken;
  std::map<Place, std::vector<double>> amounts;
  for (const StudyChange& one : changes) {
    taken.emplace(one.layer, one.position, one.feature);
    amounts[{one.layer, one.position}].push_back(one.amount);
  }
  std::map<Place, std::set<std::int64_t>> free;
  for (const FiringFeature& one : clean) {
    if (taken.contains({one.layer, one.position, one.feature})) continue;
    free[{one.layer, one.position}].insert(one.feature);
  }
  std::mt19937_64 random(seed);
  std::vector<StudyChange> drawn;
  for (auto& [place, values] : amounts) {
    std::vector<std::int64_t> features(free[place].begin(), free[place].end());
    shuffle(features, random);
    shuffle(values, random);
    for (std::size_t i = 0; i < std::min(features.size(), values.size()); ++i) {
      drawn.push_back({.layer = std::get<0>(place),
                       .position = std::get<1>(place),
                       .feature = features[i],
                       .amount = values[i]});
    }
  }
  if (drawn.empty()) return std::nullopt;
  const double wanted = norm(changes), found = norm(drawn);
  if (!(found > 0)) return std::nullopt;
  for (StudyChange& one : drawn) one.amount *= wanted / found;
  return drawn;
}

std::vector<FeatureEdit> edits_of(const std::vector<StudyChange>& changes) {
  std::vector<FeatureEdit> edits;
  for (const StudyChange& one : changes) {
    FeatureEdit edit;
    edit.layer = one.layer;
    edit.feature = one.feature;
    edit.positions.begin = one.position;
    edit.positions.end = one.position + 1;
    edit.operation = FeatureEdit::Operation::kAdd;
    edit.value = one.amount;
    edit.text = "a random feature";
    edits.push_back(std::move(edit));
  }
  return edits;
}

}  // namespace circuit
