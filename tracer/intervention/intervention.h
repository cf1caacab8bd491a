// What is changed while a model reads a prompt, as a person asks for it: features given other
// values, vectors added, places taken over from another prompt, and what is held still meanwhile
// (docs/method.md, Interventions). Plain values; no torch.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tracer/options.h"
#include "tracer/text/feature_edit.h"

namespace circuit {

/// What keeps the values of the unchanged run while the prompt is read.
enum class Freeze : std::uint8_t {
  kAttention,  ///< attention patterns
  kAll,        ///< attention patterns and the scales of all norms
  kNone,
};

struct LayerRange {
  std::int64_t first = 0, last = 0;  ///< both in it

  bool contains(std::int64_t layer) const { return first <= layer && layer <= last; }
  bool operator==(const LayerRange&) const = default;
};

/// Adds alpha · vector to the residual stream behind `layer`.
struct Steering {
  std::int64_t layer = 0;
  EditPositions positions;
  std::vector<float> vector;  ///< [d_model], in the model's units
  double alpha = 1;
  std::string text;  ///< as given, for messages
};

enum class SwapKind : std::uint8_t {
  kFeatures,    ///< activations of all features
  kMlpOutputs,  ///< what the MLPs write: features, errors and biases
  kEmbedding,   ///< what the token puts into the residual stream, without its position embedding
};

/// Takes values over from another prompt.
struct PositionSwap {
  SwapKind kind = SwapKind::kFeatures;
  PromptInput from;
  /// Positions (here, there); empty = all behind the zeroed ones, and then both have as many
  /// tokens.
  std::vector<std::pair<std::int64_t, std::int64_t>> map;
  std::optional<LayerRange> layers;  ///< nothing = all; of kEmbedding not used
};

/// By default nothing. Of two changes of one feature and position the later wins; edits count
/// before swaps.
struct Intervention {
  std::vector<FeatureEdit> edits;
  std::vector<Steering> steering;
  std::vector<PositionSwap> swaps;
  Freeze freeze = Freeze::kAttention;
  /// Layers whose MLP outputs keep the values of the unchanged run; what features write elsewhere
  /// is then left out, changes count from the unchanged activations, patterns are frozen, and when
  /// these are all layers the scales of norms too.
  std::optional<LayerRange> constrained;
};

}  // namespace circuit
