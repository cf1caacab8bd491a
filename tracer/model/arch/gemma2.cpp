// Gemma 2: norms ahead of and behind attention and MLP with gains stored as offsets from 1, scaled
// embeddings, soft-capped attention scores and logits, every other layer with a sliding window.
#include "tracer/model/arch/families.h"
#include "tracer/model/arch/llama_layout.h"

namespace circuit::arch {

const Architecture kGemma2 = {
    .name = "Gemma2ForCausalLM",
    .model_type = "gemma2",
    .keys = gemma_keys(),
    .tensors = with_post_norms(kLlamaTensors),
    .gain_offset = 1,
    .embeddings_are_scaled = true,
    .sliding_layers = SlidingLayers::kEveryOther,
    .gguf = {.architecture = "gemma2", .n_layers_scaled_by_width = 46},
    .traits = {.d_head = 256,
               .max_positions = 8192,
               .norm = NormKind::kRms,
               .norm_epsilon = 1e-6,
               .post_norms = true,
               .sliding_window = 4096,
               .query_scalar = 256,
               .attention_softcap = 50,
               .final_softcap = 30,
               .activation = MlpActivation::kGeluTanh,
               .tied_embeddings = true},
};

}  // namespace circuit::arch
