// Keys and tensor names as Llama has them; most families share them and add their own.
#pragma once

#include "tracer/model/architecture.h"

namespace circuit::arch {

inline constexpr ConfigKeys kLlamaKeys = {.n_layers = "num_hidden_layers",
                                          .d_model = "hidden_size",
                                          .n_heads = "num_attention_heads",
                                          .n_kv_heads = "num_key_value_heads",
                                          .d_head = "head_dim",
                                          .d_mlp = "intermediate_size",
                                          .max_positions = "max_position_embeddings",
                                          .norm_epsilon = "rms_norm_eps",
                                          .activation = "hidden_act",
                                          .rope_theta = "rope_theta"};

inline constexpr TensorNames kLlamaTensors = {
    .embedding = "model.embed_tokens",
    .final_norm = "model.norm",
    .unembedding = "lm_head",
    .attention_norm = "model.layers.{}.input_layernorm",
    .mlp_norm = "model.layers.{}.post_attention_layernorm",
    .query = "model.layers.{}.self_attn.q_proj",
    .key = "model.layers.{}.self_attn.k_proj",
    .value = "model.layers.{}.self_attn.v_proj",
    .attention_output = "model.layers.{}.self_attn.o_proj",
    .gate = "model.layers.{}.mlp.gate_proj",
    .up = "model.layers.{}.mlp.up_proj",
    .down = "model.layers.{}.mlp.down_proj"};

/// Tensors of Qwen 3 and Gemma 3: queries and keys have norms.
constexpr TensorNames with_query_key_norms(TensorNames names) {
  names.query_norm = "model.layers.{}.self_attn.q_norm";
  names.key_norm = "model.layers.{}.self_attn.k_norm";
  return names;
}

/// Tensors of Gemma 2 and 3: norms behind attention and MLP, and Llama's name of the norm ahead of
/// the MLP means the one behind attention.
constexpr TensorNames with_post_norms(TensorNames names) {
  names.attention_post_norm = "model.layers.{}.post_attention_layernorm";
  names.mlp_norm = "model.layers.{}.pre_feedforward_layernorm";
  names.mlp_post_norm = "model.layers.{}.post_feedforward_layernorm";
  return names;
}

/// Keys of Gemma 2 and 3.
constexpr ConfigKeys gemma_keys() {
  ConfigKeys keys = kLlamaKeys;
  keys.activation = "hidden_activation";
  keys.attention_bias = "attention_bias";
  keys.sliding_window = "sliding_window";
  keys.query_scalar = "query_pre_attn_scalar";
  keys.attention_softcap = "attn_logit_softcapping";
  keys.final_softcap = "final_logit_softcapping";
  return keys;
}

}  // namespace circuit::arch
