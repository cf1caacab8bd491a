// The replacement run: one forward of the prompt, the features that fire, and what the transcoders
// leave unexplained (docs/method.md, local replacement model).
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include <ATen/core/Tensor.h>

#include "tracer/model/model.h"
#include "tracer/replacement/decoder_rows.h"
#include "tracer/replacement/scaled_rows.h"
#include "transcoders/transcoder_set.h"

namespace circuit {

/// The features that fire, ordered by layer, position, feature; on the CPU.
struct ActiveFeatureSet {
  std::vector<std::int32_t> layers, positions, features;  ///< [k]
  at::Tensor activations;                                 ///< [k]
  at::Tensor pre_activations;                             ///< [k]
  std::vector<std::int64_t> layer_offsets;                ///< [n_layers + 1] into the arrays

  std::int64_t size() const { return static_cast<std::int64_t>(layers.size()); }
};

/// A prompt with its MLPs replaced: everything that the linear map between nodes depends on.
/// `record` is on the model's device, features, decoder rows and errors are on the CPU.
struct ReplacementRun {
  const Model* model = nullptr;                ///< Not owned; outlives the run.
  const TranscoderSet* transcoders = nullptr;  ///< Not owned; outlives the run.
  ForwardRecord record;
  std::int64_t zero_positions = 1;  ///< The first positions, which carry no features and no errors.
  ActiveFeatureSet features;
  DecoderRows decoders;            ///< of `features`, without their activations
  std::vector<at::Tensor> errors;  ///< [n_layers] of [n, d_model]; 0 at zeroed positions

  std::int64_t n_positions() const { return static_cast<std::int64_t>(record.input_ids.size()); }
  std::int64_t n_layers() const { return model->config.n_layers; }
  at::Device device() const { return model->device(); }

  /// Whether gradients at write sites differ from those in the residual stream.
  bool writes_through_norms() const;
  /// What the features of layer `from` write into `layer`, in the order of `features`.
  ScaledRows written_rows(std::int64_t from, std::int64_t layer) const;
};

/// 4 for chats of Gemma 3 (ids beginning 2, 105, 2364, 107), else 1.
std::int64_t default_zero_positions(const ModelConfig& config,
                                    std::span<const std::int32_t> input_ids);

/// Throws std::runtime_error when the transcoders do not fit the model (layers, d_model).
void check_fit(const Model& model, const TranscoderSet& transcoders);

/// Throws as check_fit and forward do, std::invalid_argument for a prompt that leaves no position
/// after the zeroed ones, and std::runtime_error when the logits are not finite.
/// Decoder rows that take more than `keep_decoder_bytes` are not kept but read again when used.
ReplacementRun run_replacement(
    const Model& model, const TranscoderSet& transcoders, std::span<const std::int32_t> input_ids,
    std::optional<std::int64_t> zero_positions = std::nullopt,
    std::int64_t keep_decoder_bytes = std::numeric_limits<std::int64_t>::max());

}  // namespace circuit
