// What a node of an attribution graph is: an active feature, an MLP reconstruction error, a prompt
// token or a target.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

namespace circuit {

enum class NodeKind : std::uint8_t { kFeature, kError, kToken, kTarget };

/// One (layer, position, feature) triple whose activation is not zero. Ordered by layer, then
/// position, then feature: the order of the graph's feature nodes.
struct ActiveFeature {
  std::int32_t layer = 0;
  std::int32_t position = 0;
  std::int32_t feature = 0;

  friend auto operator<=>(const ActiveFeature&, const ActiveFeature&) = default;
};

/// A node by what it stands for. `feature` is the feature's index in its transcoder for features,
/// the vocabulary id for tokens and targets (-1 for targets that are no token) and -1 for errors.
/// `layer` is -1 for tokens and the model's number of layers for targets, which stand above all
/// layers whatever they read (AttributionGraph::read_layer).
struct Node {
  NodeKind kind = NodeKind::kFeature;
  std::int32_t layer = 0;
  std::int32_t position = 0;
  std::int32_t feature = 0;
};

/// What a target explains: a logit, the difference of two, a feature's pre-activation, or a
/// direction after the final norm. Files hold these numbers.
enum class TargetKind : std::uint8_t { kToken, kDifference, kFeature, kVector };

/// The position of a target that reads at the last one, whichever that is.
inline constexpr std::int32_t kLastPosition = -1;

/// One thing that the graph explains.
struct Target {
  TargetKind kind = TargetKind::kToken;
  std::int32_t token_id = -1;  ///< Vocabulary id; -1 for everything but a token.
  double probability = 0.0;    ///< The target's weight in influence (docs/method.md, targets).
  std::string label;           ///< Token text, `logit(A)-logit(B)`, `L4/436`, or the vector's name.
  std::string display;  ///< What a picture shows in quotes: the label, of a difference `A - B`.
  std::int32_t position = kLastPosition;  ///< Where it reads.
  std::int32_t layer = -1;                ///< Of a feature; else -1.
  std::int32_t feature = -1;              ///< Index in its transcoder; else -1.
  std::vector<float> vector{};            ///< [d_model] of a vector, where it is known; else empty.
};

}  // namespace circuit
