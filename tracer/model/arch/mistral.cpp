// Mistral: Llama's blocks; in the first version every layer sees a sliding window.
#include "tracer/model/arch/families.h"
#include "tracer/model/arch/llama_layout.h"

namespace circuit::arch {
namespace {

constexpr ConfigKeys keys() {
  ConfigKeys keys = kLlamaKeys;
  keys.sliding_window = "sliding_window";
  return keys;
}

}  // namespace

const Architecture kMistral = {
    .name = "MistralForCausalLM",
    .model_type = "mistral",
    .keys = keys(),
    .tensors = kLlamaTensors,
    .sliding_layers = SlidingLayers::kAll,
    .traits = {.max_positions = 131072,
               .norm = NormKind::kRms,
               .norm_epsilon = 1e-6,
               .sliding_window = 4096},
};

}  // namespace circuit::arch
