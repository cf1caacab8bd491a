// Qwen 3 (dense): Llama's blocks with norms of each head's queries and keys; the width of a head is
// free.
#include "tracer/model/arch/families.h"
#include "tracer/model/arch/llama_layout.h"

namespace circuit::arch {
namespace {

constexpr ConfigKeys keys() {
  ConfigKeys keys = kLlamaKeys;
  keys.attention_bias = "attention_bias";
  keys.sliding_window = "sliding_window";
  return keys;
}

}  // namespace

const Architecture kQwen3 = {
    .name = "Qwen3ForCausalLM",
    .model_type = "qwen3",
    .keys = keys(),
    .tensors = with_query_key_norms(kLlamaTensors),
    .sliding_layers = SlidingLayers::kFromLayer,
    .gguf = {.architecture = "qwen3"},
    .traits = {.d_head = 128,
               .max_positions = 32768,
               .norm = NormKind::kRms,
               .norm_epsilon = 1e-6,
               .query_key_norms = true,
               .sliding_window = 4096},
};

}  // namespace circuit::arch
