// Llama 2, Llama 3.x and models of the same shape (SmolLM2): RMS norm, rotary positions with
// optional scaling, grouped-query attention, gated SiLU MLP.
#include "tracer/model/arch/families.h"

namespace circuit::arch {

const Architecture kLlama = {
    .name = "LlamaForCausalLM",
    .model_type = "llama",
    .keys = {.n_layers = "num_hidden_layers",
             .d_model = "hidden_size",
             .n_heads = "num_attention_heads",
             .n_kv_heads = "num_key_value_heads",
             .d_head = "head_dim",
             .d_mlp = "intermediate_size",
             .max_positions = "max_position_embeddings",
             .norm_epsilon = "rms_norm_eps",
             .activation = "hidden_act",
             .rope_theta = "rope_theta",
             .attention_bias = "attention_bias",
             .mlp_bias = "mlp_bias"},
    .tensors = {.embedding = "model.embed_tokens",
                .position_embedding = "",
                .final_norm = "model.norm",
                .unembedding = "lm_head",
                .attention_norm = "model.layers.{}.input_layernorm",
                .mlp_norm = "model.layers.{}.post_attention_layernorm",
                .query = "model.layers.{}.self_attn.q_proj",
                .key = "model.layers.{}.self_attn.k_proj",
                .value = "model.layers.{}.self_attn.v_proj",
                .query_key_value = "",
                .attention_output = "model.layers.{}.self_attn.o_proj",
                .gate = "model.layers.{}.mlp.gate_proj",
                .up = "model.layers.{}.mlp.up_proj",
                .down = "model.layers.{}.mlp.down_proj",
                .optional_prefix = ""},
    .weights_are_input_major = false,
    .traits = {.max_positions = 2048,
               .norm = NormKind::kRms,
               .norm_epsilon = 1e-6,
               .positions = PositionKind::kRotary,
               .rope_theta = 10000.0,
               .mlp = MlpKind::kGated,
               .activation = MlpActivation::kSilu,
               .tied_embeddings = false},
};

}  // namespace circuit::arch
