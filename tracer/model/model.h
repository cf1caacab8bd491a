// A decoder-only language model and its forward pass, with a record of everything that the
// replacement freezes. Non-goals: key-value caches, batches of prompts.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "tracer/model/attention.h"
#include "tracer/model/config.h"
#include "tracer/model/mlp.h"
#include "tracer/model/norm.h"

namespace circuit {

struct Block {
  Norm attention_norm;
  Attention attention;
  std::optional<Norm> attention_post_norm;  ///< of what attention adds to the residual stream
  Norm mlp_norm;
  Mlp mlp;
  std::optional<Norm> mlp_post_norm;  ///< of what the MLP adds to it
};

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

/// What one block did.
struct BlockRecord {
  at::Tensor attention_inverse_scale;       ///< [n, 1] of the norm ahead of attention
  at::Tensor pattern;                       ///< [n_heads, n, n]
  at::Tensor attention_post_inverse_scale;  ///< [n, 1] of the norm behind it, or undefined
  at::Tensor residual_mid;                  ///< [n, d_model]
  at::Tensor mlp_inverse_scale;             ///< [n, 1] of the norm ahead of the MLP
  at::Tensor mlp_raw;                       ///< [n, d_model] what the MLP gives
  at::Tensor mlp_post_inverse_scale;        ///< [n, 1] of the norm behind it, or undefined
  at::Tensor mlp_out;  ///< [n, d_model] what is added; mlp_raw itself without a norm behind it
};

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
/// positions, or holds an id outside the vocabulary.
ForwardRecord forward(const Model& model, std::span<const std::int32_t> input_ids,
                      LogitPositions positions = LogitPositions::kLast);

}  // namespace circuit
