// A decoder-only language model and its forward pass, with a record of everything that the
// replacement freezes. Non-goals: key-value caches (live_forward.h), batches of prompts.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "tracer/model/block.h"
#include "tracer/model/config.h"
#include "tracer/model/norm.h"

namespace circuit {

struct Model {
  ModelConfig config;
  std::string name;                          ///< As ModelConfig has it.
  std::vector<std::filesystem::path> files;  ///< Weight files, for content_hash.
  at::Tensor embedding;                      ///< [vocabulary, d_model]
  at::Tensor position_embedding;             ///< [max_positions, d_model] or undefined
  std::vector<Block> blocks;                 ///< [n_layers]
  Norm final_norm;
  at::Tensor unembedding;             ///< [vocabulary, d_model]; the embedding itself when tied
  at::ScalarType dtype = at::kFloat;  ///< of the weights; activations are in its sum type

  at::Device device() const { return embedding.device(); }  ///< of weights and activations
};

/// Opens a Hugging Face directory (config.json and safetensors, one file or shards; f64, f32, f16,
/// bf16) or a GGUF file (plain or quantised), memory-mapped and converted to `dtype` only where it
/// differs. Throws std::runtime_error `[load_model] FILE: tensor NAME …` for a missing or misshapen
/// tensor and for values that are not finite. On a `device` other than the CPU the weights are
/// copies there.
Model load_model(const std::filesystem::path& path, at::ScalarType dtype = at::kFloat,
                 at::Device device = at::kCPU);

struct ForwardRecord {
  std::vector<std::int32_t> input_ids;
  at::Tensor token_embeddings;  ///< [n, d_model] as added to the residual stream
  std::vector<BlockRecord> blocks;
  at::Tensor residual_final;       ///< [n, d_model] after the last block
  at::Tensor final_inverse_scale;  ///< [n, 1]
  at::Tensor logits;  ///< [n, vocabulary], or [1, vocabulary] of the last position, soft-capped
  at::Tensor uncapped_logits;  ///< the same ahead of the soft-cap; logits itself without one
};

enum class LogitPositions : std::uint8_t { kLast, kAll };

/// Throws std::invalid_argument `[forward] …` when `input_ids` is empty, longer than the model's
/// positions, or holds an id outside the vocabulary. `score_changes`, [n_layers] where it is not
/// empty, are added to attention scores as BlockRun says.
ForwardRecord forward(const Model& model, std::span<const std::int32_t> input_ids,
                      LogitPositions positions = LogitPositions::kLast,
                      std::span<const at::Tensor> score_changes = {});

/// What passed a place: [n, d_model].
at::Tensor recorded_value(const Model& model, const ForwardRecord& record, const SitePlace& place);

/// The two ends of a forward, for others that run the blocks themselves.
struct Embedded {
  at::Tensor tokens;    ///< [m, d_model] as added to the residual stream
  at::Tensor residual;  ///< the same with position embeddings
};
/// Ids at the positions from `first_position` on; throws as `forward` does.
Embedded embed(const Model& model, std::span<const std::int32_t> ids, std::int64_t first_position);
/// The same for any positions, one of each id.
Embedded embed(const Model& model, std::span<const std::int32_t> ids,
               std::span<const std::int64_t> positions);

struct Logits {
  at::Tensor inverse_scale;     ///< [m, 1] of the final norm
  at::Tensor uncapped, capped;  ///< [m, vocabulary] or [1, vocabulary]
};
/// residual [m, d_model] behind the last block. A defined `inverse_scale` [m, 1] of the final norm
/// is taken in place of the live one.
Logits read_logits(const Model& model, const at::Tensor& residual, LogitPositions positions,
                   const at::Tensor& inverse_scale = {}, Rows rows = Rows::kTogether);

}  // namespace circuit
