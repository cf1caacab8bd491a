// Gemma 3, also the text model inside the ones that see: as Gemma 2, with norms of queries and keys
// in place of soft-caps; one layer in six sees everything, with rotary frequencies of its own.
#include "tracer/model/arch/families.h"
#include "tracer/model/arch/llama_layout.h"

namespace circuit::arch {
namespace {

constexpr ConfigKeys keys() {
  ConfigKeys keys = gemma_keys();
  keys.sliding_rope_theta = "rope_local_base_freq";
  return keys;
}

constexpr TensorNames tensors() { return with_query_key_norms(with_post_norms(kLlamaTensors)); }

constexpr Architecture text_model() {
  return {
      .name = "Gemma3ForCausalLM",
      .model_type = "gemma3_text",
      .keys = keys(),
      .tensors = tensors(),
      .gain_offset = 1,
      .embeddings_are_scaled = true,
      .sliding_layers = SlidingLayers::kAllButEveryNth,
      .gguf = {.architecture = "gemma3", .n_layers_scaled_by_width = 62},
      .traits = {.n_heads = 8,
                 .n_kv_heads = 4,
                 .d_head = 256,
                 .vocabulary_size = 262208,
                 .max_positions = 131072,
                 .norm = NormKind::kRms,
                 .norm_epsilon = 1e-6,
                 .post_norms = true,
                 .query_key_norms = true,
                 .rope_theta = 1e6,
                 .sliding_rope_theta = 1e4,
                 .sliding_window = 4096,
                 .query_scalar = 256,
                 .activation = MlpActivation::kGeluTanh,
                 .tied_embeddings = true},
  };
}

}  // namespace

const Architecture kGemma3 = text_model();

const Architecture kGemma3WithVision = [] {
  Architecture family = text_model();
  family.name = "Gemma3ForConditionalGeneration";
  family.model_type = "gemma3";
  family.gguf = {};  // holds the text model alone
  family.renamings = {{{.named = "model.", .stored = "language_model.model."},
                       {.named = "model.", .stored = "model.language_model."},
                       {.named = "lm_head", .stored = "language_model.lm_head"}}};
  family.config_section = "text_config.";
  return family;
}();

}  // namespace circuit::arch
