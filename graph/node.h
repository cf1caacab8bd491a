// What a node of an attribution graph is: an active feature, an MLP reconstruction error, a prompt
// token or an output target.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

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
/// the vocabulary id for tokens and targets (-1 for a direction) and -1 for errors. `layer` is -1
/// for tokens and the model's number of layers for targets.
struct Node {
  NodeKind kind = NodeKind::kFeature;
  std::int32_t layer = 0;
  std::int32_t position = 0;
  std::int32_t feature = 0;
};

enum class TargetKind : std::uint8_t { kToken, kDirection };

/// One output that the graph explains.
struct Target {
  TargetKind kind = TargetKind::kToken;
  std::int32_t token_id = -1;  ///< Vocabulary id; -1 for a direction.
  double probability = 0.0;    ///< The target's weight in influence (docs/method.md, targets).
  std::string label;           ///< Token text, or `logit(A)-logit(B)`.
  std::string display;         ///< What a picture shows in quotes: the token text, or `A - B`.
};

}  // namespace circuit
