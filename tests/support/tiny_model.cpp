#include "tests/support/tiny_model.h"

#include <cmath>
#include <fstream>
#include <map>
#include <numbers>
#include <sstream>

#include "transcoders/weights/safetensors.h"

namespace circuit::testing {
namespace {

// splitmix64 with Box-Muller: the same numbers on every machine.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  double uniform() {
    state_ += 0x9e3779b97f4a7c15u;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (static_cast<double>((z ^ (z >> 31)) >> 11) + 0.5) * 0x1.0p-53;
  }

  double normal() {
    return std::sqrt(-2.0 * std::log(uniform())) * std::cos(2.0 * std::numbers::pi * uniform());
  }

 private:
  std::uint64_t state_;
};

class Writer {
 public:
  explicit Writer(std::uint64_t seed) : random_(seed) {}

  void add(const std::string& name, std::vector<std::int64_t> shape, double scale,
           double mean = 0) {
    std::int64_t elements = 1;
    for (const std::int64_t size : shape) elements *= size;
    std::vector<double>& data = data_[name];
    for (std::int64_t i = 0; i < elements; ++i) data.push_back(mean + scale * random_.normal());
    tensors_.push_back(
        {.name = name, .dtype = Dtype::kF64, .shape = std::move(shape), .bytes = {}});
  }

  void save(const std::filesystem::path& path) {
    for (TensorToWrite& tensor : tensors_) {
      tensor.bytes = std::as_bytes(std::span(data_.at(tensor.name)));
    }
    write_safetensors(path, tensors_, {{"format", "pt"}});
  }

 private:
  Random random_;
  std::map<std::string, std::vector<double>> data_;
  std::vector<TensorToWrite> tensors_;
};

class TinyModelWriter {
 public:
  explicit TinyModelWriter(const TinyModelSpec& spec)
      : spec_(spec), family_(*spec.family), writer_(spec.seed) {
    grouped_ = !family_.keys.n_kv_heads.empty();
    d_head_ = family_.keys.d_head.empty() ? spec.d_model / spec.n_heads : spec.d_head;
    kv_heads_ = grouped_ ? spec.n_kv_heads : spec.n_heads;
    optional_biases_ = !family_.keys.attention_bias.empty();
    attention_bias_ = optional_biases_ ? spec.biases : family_.traits.attention_bias;
    attention_output_bias_ = optional_biases_ ? spec.biases : family_.traits.attention_output_bias;
    mlp_bias_ = family_.keys.mlp_bias.empty() ? family_.traits.mlp_bias : spec.biases;
    tied_ = spec.tied;
  }

  void write(const std::filesystem::path& directory) {
    std::filesystem::create_directories(directory);
    std::ofstream(directory / "config.json") << config();
    const TensorNames& names = family_.tensors;
    matrix(names.embedding, 0, spec_.vocabulary_size, spec_.d_model, 0.7, /*projection=*/false);
    if (!names.position_embedding.empty()) {
      matrix(names.position_embedding, 0, spec_.max_positions, spec_.d_model, 0.5, false);
    }
    for (std::int64_t layer = 0; layer < spec_.n_layers; ++layer) write_layer(layer);
    norm(names.final_norm, 0);
    if (!tied_) matrix(names.unembedding, 0, spec_.vocabulary_size, spec_.d_model, 0.4, false);
    writer_.save(directory / "model.safetensors");
  }

 private:
  void write_layer(std::int64_t layer) {
    const TensorNames& names = family_.tensors;
    const std::int64_t d = spec_.d_model, d_query = spec_.n_heads * d_head_,
                       d_value = kv_heads_ * d_head_;
    norm(names.attention_norm, layer);
    norm(names.mlp_norm, layer);
    if (family_.traits.post_norms) {
      norm(names.attention_post_norm, layer);
      norm(names.mlp_post_norm, layer);
    }
    if (family_.traits.query_key_norms) {
      gain(names.query_norm, layer, d_head_);
      gain(names.key_norm, layer, d_head_);
    }
    if (names.query_key_value.empty()) {
      projection(names.query, layer, d_query, d, attention_bias_);
      projection(names.key, layer, d_value, d, attention_bias_);
      projection(names.value, layer, d_value, d, attention_bias_);
    } else {
      projection(names.query_key_value, layer, d_query + 2 * d_value, d, attention_bias_);
    }
    projection(names.attention_output, layer, d, d_query, attention_output_bias_);
    if (!names.gate.empty()) projection(names.gate, layer, spec_.d_mlp, d, mlp_bias_);
    projection(names.up, layer, spec_.d_mlp, d, mlp_bias_);
    projection(names.down, layer, d, spec_.d_mlp, mlp_bias_);
  }

  void matrix(std::string_view pattern, std::int64_t layer, std::int64_t out, std::int64_t in,
              double scale, bool projection) {
    const bool swapped = projection && family_.weights_are_input_major;
    writer_.add(layer_tensor(pattern, layer) + ".weight",
                swapped ? std::vector{in, out} : std::vector{out, in}, scale);
  }

  void projection(std::string_view pattern, std::int64_t layer, std::int64_t out, std::int64_t in,
                  bool bias) {
    matrix(pattern, layer, out, in, 1.2 / std::sqrt(static_cast<double>(in)), true);
    if (bias) writer_.add(layer_tensor(pattern, layer) + ".bias", {out}, 0.2);
  }

  void norm(std::string_view pattern, std::int64_t layer) {
    gain(pattern, layer, spec_.d_model);
    if (family_.traits.norm == NormKind::kLayer) {
      writer_.add(layer_tensor(pattern, layer) + ".bias", {spec_.d_model}, 0.2);
    }
  }

  void gain(std::string_view pattern, std::int64_t layer, std::int64_t size) {
    writer_.add(layer_tensor(pattern, layer) + ".weight", {size}, 0.2, 1.0 - family_.gain_offset);
  }

  std::string config() const {
    const ConfigKeys& keys = family_.keys;
    std::ostringstream json;
    json << "{\"architectures\": [\"" << family_.name << "\"], \"model_type\": \""
         << family_.model_type << "\", ";
    const std::string_view section = family_.config_section;
    if (!section.empty()) json << '"' << section.substr(0, section.size() - 1) << "\": {";
    json << "\"vocab_size\": " << spec_.vocabulary_size
         << ", \"tie_word_embeddings\": " << (tied_ ? "true" : "false");
    const auto number = [&](std::string_view key, auto value) {
      if (!key.empty()) json << ", \"" << key << "\": " << value;
    };
    number(keys.n_layers, spec_.n_layers);
    number(keys.d_model, spec_.d_model);
    number(keys.n_heads, spec_.n_heads);
    number(keys.n_kv_heads, spec_.n_kv_heads);
    number(keys.d_head, spec_.d_head);
    number(keys.d_mlp, spec_.d_mlp);
    number(keys.max_positions, spec_.max_positions);
    number(keys.norm_epsilon, 1e-5);
    number(keys.rope_theta, 500.0);
    number(keys.sliding_rope_theta, 50.0);
    number(keys.query_scalar, 9.0);
    number(keys.attention_softcap, 1.5);
    number(keys.final_softcap, 2.0);
    write_windows(json);
    if (optional_biases_) {
      number(keys.attention_bias, spec_.biases ? "true" : "false");
      number(keys.mlp_bias, spec_.biases ? "true" : "false");
    }
    if (spec_.llama3_rope) {
      json << R"(, "rope_scaling": {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0,)"
           << R"( "high_freq_factor": 4.0, "original_max_position_embeddings": 32})";
    }
    json << (section.empty() ? "}\n" : "}}\n");
    return json.str();
  }

  void write_windows(std::ostream& json) const {
    if (family_.keys.sliding_window.empty()) return;
    json << ", \"" << family_.keys.sliding_window << "\": ";
    if (spec_.sliding_window == 0) {
      json << "null";
    } else {
      json << spec_.sliding_window;
    }
    if (family_.sliding_layers == SlidingLayers::kFromLayer) {
      json << R"(, "use_sliding_window": true, "max_window_layers": 1)";
    }
    if (family_.sliding_layers == SlidingLayers::kAllButEveryNth) {
      json << R"(, "sliding_window_pattern": 2)";
    }
    for (std::size_t i = 0; i < spec_.layer_types.size(); ++i) {
      json << (i == 0 ? R"(, "layer_types": [")" : R"(, ")") << spec_.layer_types[i] << '"';
    }
    if (!spec_.layer_types.empty()) json << "]";
  }

  const TinyModelSpec& spec_;
  const Architecture& family_;
  Writer writer_;
  bool grouped_ = false, optional_biases_ = false, attention_bias_ = false,
       attention_output_bias_ = false, mlp_bias_ = false, tied_ = false;
  std::int64_t d_head_ = 0, kv_heads_ = 0;
};

}  // namespace

void write_tiny_model(const std::filesystem::path& directory, const TinyModelSpec& spec) {
  TinyModelWriter(spec).write(directory);
}

std::vector<NamedModelSpec> all_tiny_models() {
  std::vector<NamedModelSpec> models;
  for (const Architecture* family : architectures()) {
    const std::string name(family->model_type);
    models.push_back({name, {.family = family, .seed = 11}});
    models.push_back({name + "-tied", {.family = family, .tied = true, .seed = 12}});
    if (!family->keys.attention_bias.empty()) {
      models.push_back({name + "-biases", {.family = family, .biases = true, .seed = 13}});
    }
    if (!family->keys.rope_theta.empty()) {
      models.push_back(
          {name + "-llama3-rope", {.family = family, .llama3_rope = true, .seed = 14}});
    }
    if (!family->keys.n_kv_heads.empty()) {
      models.push_back({name + "-one-kv-head", {.family = family, .n_kv_heads = 1, .seed = 15}});
    }
    if (!family->keys.sliding_window.empty()) {
      models.push_back({name + "-no-window", {.family = family, .sliding_window = 0, .seed = 16}});
      models.push_back({name + "-listed-layers",
                        {.family = family,
                         .layer_types = {"full_attention", "sliding_attention", "full_attention"},
                         .seed = 17}});
    }
  }
  return models;
}

}  // namespace circuit::testing
