#include "tests/bench/setup.h"

#include <fstream>
#include <iterator>
#include <random>

#include "tests/support/tiny_model.h"
#include "tests/support/tiny_transcoders.h"
#include "tracer/text/prompt.h"
#include "tracer/text/tokenizer.h"

namespace circuit::bench {
namespace {

// SmolLM2-135M, with a small MLP and vocabulary: the backward sees neither.
testing::TinyModelSpec model_spec(const SetupOptions& options) {
  const bool tiny = options.tiny;
  testing::TinyModelSpec spec;
  spec.family = &find_architecture("LlamaForCausalLM", "llama");
  spec.n_layers = tiny ? 3 : options.layers;
  spec.d_model = tiny ? 48 : 576;
  spec.n_heads = tiny ? 6 : 9;
  spec.n_kv_heads = 3;
  spec.d_head = tiny ? 8 : 64;
  spec.d_mlp = 64;
  spec.vocabulary_size = 1000;
  spec.max_positions = 8192;
  return spec;
}

testing::TinyTranscoderSpec transcoder_spec(const SetupOptions& options) {
  testing::TinyTranscoderSpec spec;
  spec.cross_layer = options.cross_layer;
  spec.n_layers = options.tiny ? 3 : options.layers;
  spec.d_model = options.tiny ? 48 : 576;
  spec.n_features = options.tiny ? 64 : options.cross_layer ? 256 : 2048;
  spec.target_l0 = options.tiny ? 6 : options.cross_layer ? 8 : 20;
  return spec;
}

std::vector<std::int32_t> prompt_ids(const SetupOptions& options, const Model& model) {
  if (!options.prompt_file.empty()) {
    std::ifstream file(options.prompt_file);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    return encode_prompt(Tokenizer::load(options.model), text);
  }
  std::mt19937 random(1);
  std::vector<std::int32_t> ids;
  for (std::int64_t i = 0; i < options.tokens; ++i) {
    ids.push_back(static_cast<std::int32_t>(
        random() % static_cast<std::uint32_t>(model.config.vocabulary_size)));
  }
  return ids;
}

}  // namespace

Setup::Setup(const SetupOptions& options) {
  if (options.model.empty()) {
    write_tiny_model(folder / "model", model_spec(options));
    write_tiny_transcoders(folder / "transcoders", transcoder_spec(options));
    name = std::string(options.tiny ? "tiny" : "random SmolLM2-135M shape") +
           (options.cross_layer ? ", cross-layer" : ", per-layer");
  } else {
    name = options.model.string() + ", " + options.transcoders.string();
  }
  model = load_model(options.model.empty() ? folder / "model" : options.model);
  transcoders =
      load_transcoders(options.model.empty() ? folder / "transcoders" : options.transcoders);
  ids = prompt_ids(options, model);
}

}  // namespace circuit::bench
