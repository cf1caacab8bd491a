// GPT-2: LayerNorm with centring and bias, learned positions, one fused projection for queries,
// keys and values, plain GELU MLP, biases everywhere, weights stored [in, out].
#include "tracer/model/arch/families.h"

namespace circuit::arch {

const Architecture kGpt2 = {
    .name = "GPT2LMHeadModel",
    .model_type = "gpt2",
    .keys = {.n_layers = "n_layer",
             .d_model = "n_embd",
             .n_heads = "n_head",
             .d_mlp = "n_inner",
             .max_positions = "n_positions",
             .norm_epsilon = "layer_norm_epsilon",
             .activation = "activation_function"},
    .tensors = {.embedding = "transformer.wte",
                .position_embedding = "transformer.wpe",
                .final_norm = "transformer.ln_f",
                .unembedding = "lm_head",
                .attention_norm = "transformer.h.{}.ln_1",
                .mlp_norm = "transformer.h.{}.ln_2",
                .query_key_value = "transformer.h.{}.attn.c_attn",
                .attention_output = "transformer.h.{}.attn.c_proj",
                .up = "transformer.h.{}.mlp.c_fc",
                .down = "transformer.h.{}.mlp.c_proj"},
    .renamings = {{{.named = "transformer.", .stored = ""}}},
    .weights_are_input_major = true,
    .gguf = {.architecture = "gpt2"},
    .traits = {.max_positions = 1024,
               .norm = NormKind::kLayer,
               .norm_epsilon = 1e-5,
               .positions = PositionKind::kLearned,
               .mlp = MlpKind::kPlain,
               .activation = MlpActivation::kGeluTanh,
               .attention_bias = true,
               .attention_output_bias = true,
               .mlp_bias = true,
               .tied_embeddings = true},
};

}  // namespace circuit::arch
