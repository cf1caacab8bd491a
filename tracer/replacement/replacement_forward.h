// The replaced model run again with a part of its sources, a circuit, at work: features of the
// circuit are computed anew from what reaches them, all other sources hold values from elsewhere
// (docs/method.md, Faithfulness). Many circuits at once.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <ATen/core/Tensor.h>

#include "tracer/replacement/decoder_rows.h"
#include "tracer/replacement/run.h"
#include "tracer/replacement/source_values.h"

namespace circuit {

/// Which sources are in it; 1 = in.
struct Circuit {
  std::vector<std::uint8_t> features;  ///< [k] listed features
  std::vector<std::uint8_t> errors;    ///< [n_layers * n_positions], layer-major
  std::vector<std::uint8_t> tokens;    ///< [n_positions], with what is written at zeroed positions
  /// Features that are not listed, which are silent in the prompt, stay so; else each has its value
  /// from outside.
  bool unlisted = false;
};

/// Attention patterns and norm scales of the prompt's own run, or live ones.
enum class Background : std::uint8_t { kFrozen, kLive };

/// Looks at `run` and `listed`, which outlive it. Safe to use from several threads.
class ReplacementForward {
 public:
  /// `outside`: what sources that are not in a circuit are worth; of as many positions as `run`.
  ReplacementForward(const ReplacementRun& run, const ListedFeatures& listed, SourceValues outside);

  /// What each circuit leaves to read after the final norm at the last position:
  /// [circuits, d_model]. With every source in the circuit that is what the model reads there, with
  /// none and a live background what the model reads in the prompt that `outside` is of.
  /// Circuits that are given together cost less than one by one.
  at::Tensor final_reads(std::span<const Circuit> circuits, Background background) const;

 private:
  class Pass;

  const ReplacementRun& run_;
  const ListedFeatures& listed_;
  SourceValues inside_, outside_;
  std::vector<at::Tensor> positions_, features_;  // [n_layers] of i64 [k of the layer]
  DecoderRows decoders_;                          // of the listed features
};

}  // namespace circuit
