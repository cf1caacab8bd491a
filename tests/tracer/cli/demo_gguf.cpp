#include "tests/tracer/cli/demo_gguf.h"

#include <array>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "tests/support/temp_dir.h"
#include "transcoders/weights/safetensors.h"

namespace circuit::cli::testing {
namespace {

using circuit::testing::GgufWriter;
using circuit::testing::read_text;
using Json = nlohmann::json;

const std::filesystem::path kModel = std::filesystem::path(CIRCUIT_DEMO_DIR) / "model";

void add_sizes(GgufWriter& writer) {
  const Json config = Json::parse(read_text(kModel / "config.json"));
  writer.text("general.architecture", "llama");
  for (const auto& [key, name] : {std::pair("block_count", "num_hidden_layers"),
                                  std::pair("context_length", "max_position_embeddings"),
                                  std::pair("embedding_length", "hidden_size"),
                                  std::pair("feed_forward_length", "intermediate_size"),
                                  std::pair("attention.head_count", "num_attention_heads"),
                                  std::pair("attention.head_count_kv", "num_key_value_heads"),
                                  std::pair("rope.dimension_count", "head_dim")}) {
    writer.integer(std::string("llama.") + key, config.at(name).get<std::uint32_t>());
  }
  writer.raw("llama.attention.layer_norm_rms_epsilon", GgufValueType::kF64,
             circuit::testing::bytes_of(config.at("rms_norm_eps").get<double>()));
  writer.number("llama.rope.freq_base", config.at("rope_theta").get<float>());
}

void add_tokenizer(GgufWriter& writer) {
  const Json file = Json::parse(read_text(kModel / "tokenizer.json"));
  const Json& model = file.at("model");
  std::vector<std::string> tokens(model.at("vocab").size());
  for (const auto& [text, id] : model.at("vocab").items()) tokens.at(id.get<std::size_t>()) = text;
  std::vector<std::int32_t> types(tokens.size(), 1);
  for (const Json& token : file.at("added_tokens")) types.at(token.at("id").get<std::size_t>()) = 3;
  std::vector<std::string> merges;
  for (const Json& merge : model.at("merges")) {
    merges.push_back(merge.at(0).get<std::string>() + " " + merge.at(1).get<std::string>());
  }
  writer.text("tokenizer.ggml.model", "gpt2");
  writer.text("tokenizer.ggml.pre", "gpt-2");
  writer.texts("tokenizer.ggml.tokens", tokens);
  writer.integers("tokenizer.ggml.token_type", types);
  writer.texts("tokenizer.ggml.merges", merges);
  writer.integer("tokenizer.ggml.bos_token_id", 0);
  writer.integer("tokenizer.ggml.eos_token_id", 1);
  writer.integer("tokenizer.ggml.padding_token_id", 2);
  writer.boolean("tokenizer.ggml.add_bos_token", true);
}

std::string gguf_name(std::string name) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 12> kParts{
      {{"model.layers.", "blk."},
       {"model.embed_tokens", "token_embd"},
       {"model.norm", "output_norm"},
       {"input_layernorm", "attn_norm"},
       {"post_attention_layernorm", "ffn_norm"},
       {"self_attn.q_proj", "attn_q"},
       {"self_attn.k_proj", "attn_k"},
       {"self_attn.v_proj", "attn_v"},
       {"self_attn.o_proj", "attn_output"},
       {"mlp.gate_proj", "ffn_gate"},
       {"mlp.up_proj", "ffn_up"},
       {"mlp.down_proj", "ffn_down"}}};
  for (const auto& [ours, theirs] : kParts) {
    const std::size_t place = name.find(ours);
    if (place != std::string::npos) name.replace(place, ours.size(), theirs);
  }
  return name;
}

// Row i and row i + 16 of each head of 32, side by side.
std::string neighbours(std::string_view rows, std::size_t n_rows) {
  constexpr std::size_t kHead = 32;
  const std::size_t size = rows.size() / n_rows;
  std::string ordered;
  for (std::size_t head = 0; head < n_rows; head += kHead) {
    for (std::size_t i = 0; i < kHead / 2; ++i) {
      ordered += rows.substr((head + i) * size, size);
      ordered += rows.substr((head + kHead / 2 + i) * size, size);
    }
  }
  return ordered;
}

}  // namespace

GgufWriter demo_gguf() {
  GgufWriter writer;
  add_sizes(writer);
  add_tokenizer(writer);
  const SafetensorsFile file = SafetensorsFile::open(kModel / "model.safetensors");
  for (const std::string& name : file.names()) {
    const TensorView& view = file.view(name);
    std::string bytes(reinterpret_cast<const char*>(view.bytes.data()), view.bytes.size());
    if (name.find("q_proj") != std::string::npos || name.find("k_proj") != std::string::npos) {
      bytes = neighbours(bytes, static_cast<std::size_t>(view.shape.front()));
    }
    writer.tensor(gguf_name(name), GgmlType::kF16, view.shape, bytes);
  }
  return writer;
}

}  // namespace circuit::cli::testing
