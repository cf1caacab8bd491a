// Llama 2, Llama 3.x and models of the same shape (SmolLM2): RMS norm, rotary positions with
// optional scaling, grouped-query attention, gated SiLU MLP.
#include "tracer/model/arch/families.h"
#include "tracer/model/arch/llama_layout.h"

namespace circuit::arch {
namespace {

constexpr ConfigKeys keys() {
  ConfigKeys keys = kLlamaKeys;
  keys.attention_bias = "attention_bias";
  keys.mlp_bias = "mlp_bias";
  return keys;
}

}  // namespace

const Architecture kLlama = {
    .name = "LlamaForCausalLM",
    .model_type = "llama",
    .keys = keys(),
    .tensors = kLlamaTensors,
    .gguf = {.architecture = "llama", .rotates_neighbours = true},
    .traits = {.max_positions = 2048, .norm = NormKind::kRms, .norm_epsilon = 1e-6},
};

}  // namespace circuit::arch
