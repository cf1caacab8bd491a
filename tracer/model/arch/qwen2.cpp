// Qwen 2 and 2.5: Llama's blocks with biases of queries, keys and values.
#include "tracer/model/arch/families.h"
#include "tracer/model/arch/llama_layout.h"

namespace circuit::arch {
namespace {

constexpr ConfigKeys keys() {
  ConfigKeys keys = kLlamaKeys;
  keys.d_head = "";
  keys.sliding_window = "sliding_window";
  return keys;
}

}  // namespace

const Architecture kQwen2 = {
    .name = "Qwen2ForCausalLM",
    .model_type = "qwen2",
    .keys = keys(),
    .tensors = kLlamaTensors,
    .sliding_layers = SlidingLayers::kFromLayer,
    .gguf = {.architecture = "qwen2"},
    .traits = {.max_positions = 32768,
               .norm = NormKind::kRms,
               .norm_epsilon = 1e-6,
               .sliding_window = 4096,
               .attention_bias = true},
};

}  // namespace circuit::arch
