// Small random models of every supported family, written as Hugging Face directories.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "tracer/model/architecture.h"

namespace circuit::testing {

struct TinyModelSpec {
  const Architecture* family = nullptr;
  std::int64_t n_layers = 3;
  std::int64_t d_model = 24;
  std::int64_t n_heads = 4;
  std::int64_t n_kv_heads = 2;  ///< ignored by families without grouped heads
  std::int64_t d_head = 6;      ///< ignored by families that derive it
  std::int64_t d_mlp = 40;
  std::int64_t vocabulary_size = 50;
  std::int64_t max_positions = 64;
  bool tied = false;
  bool biases = false;       ///< attention and MLP biases, where the family makes them optional
  bool llama3_rope = false;  ///< frequency scaling, where the family has rotary positions
  std::int64_t sliding_window = 3;         ///< where the family has windows; 0 = null
  std::vector<std::string> layer_types{};  ///< the list of config.json, if not empty
  std::uint64_t seed = 1;
};

/// Writes config.json and model.safetensors (f64) into `directory`, which is created. No tokenizer.
void write_tiny_model(const std::filesystem::path& directory, const TinyModelSpec& spec);

/// Every variant of every family in the architectures table, with a name for messages.
struct NamedModelSpec {
  std::string name;
  TinyModelSpec spec;
};
std::vector<NamedModelSpec> all_tiny_models();

}  // namespace circuit::testing
