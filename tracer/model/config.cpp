#include "tracer/model/config.h"

#include <cmath>
#include <optional>
#include <stdexcept>

#include "tracer/model/architecture.h"
#include "tracer/model/config_rules.h"
#include "tracer/model/gguf_config.h"
#include "transcoders/weights/directory_name.h"
#include "transcoders/weights/json.h"

namespace circuit {
namespace {

// The part of config.json that describes the language model. A key that the family does not have
// is empty, and then nothing is found.
class Section {
 public:
  Section(const JsonFile& file, std::string_view prefix) : file_(file), prefix_(prefix) {}

  bool has(std::string_view key) const { return !key.empty() && file_.has(full(key)); }
  bool contains(std::string_view key) const { return !key.empty() && file_.contains(full(key)); }
  std::int64_t size_or(std::string_view key, std::int64_t fallback) const {
    return key.empty() ? fallback : file_.integer(full(key)).value_or(fallback);
  }
  double number_or(std::string_view key, double fallback) const {
    return key.empty() ? fallback : file_.number(full(key)).value_or(fallback);
  }
  bool flag_or(std::string_view key, bool fallback) const {
    return key.empty() ? fallback : file_.boolean(full(key)).value_or(fallback);
  }
  std::optional<std::string> text(std::string_view key) const { return file_.text(full(key)); }
  std::optional<std::vector<std::string>> texts(std::string_view key) const {
    return file_.texts(full(key));
  }
  /// The key is needed unless the family has a default for it.
  std::int64_t size_needed(std::string_view key, std::int64_t fallback) const {
    return fallback > 0 ? size_or(key, fallback) : file_.require_integer(full(key));
  }
  double number_needed(std::string_view key) const { return file_.require_number(full(key)); }

  const std::filesystem::path& path() const { return file_.path(); }
  [[noreturn]] void fail(const std::string& what) const {
    throw std::runtime_error("[load_model] " + file_.path().string() + ": " + what);
  }

 private:
  std::string full(std::string_view key) const { return prefix_ + std::string(key); }

  const JsonFile& file_;
  std::string prefix_;
};

MlpActivation read_activation(const Section& section, std::string_view key,
                              MlpActivation fallback) {
  const auto name = section.text(key);
  if (!name) return fallback;
  if (*name == "silu" || *name == "swish") return MlpActivation::kSilu;
  if (*name == "gelu") return MlpActivation::kGelu;
  if (*name == "gelu_new" || *name == "gelu_pytorch_tanh") return MlpActivation::kGeluTanh;
  section.fail("key " + std::string(key) + " is \"" + *name +
               "\", expected silu, gelu, gelu_new or gelu_pytorch_tanh");
}

// `place` is where the frequencies' settings stand: "rope_scaling", in newer files
// "rope_parameters" or a part of it.
RopeScaling read_rope_scaling(const Section& section, const std::string& place) {
  RopeScaling scaling;
  if (!section.has(place)) return scaling;
  const auto kind =
      section.text(place + (section.has(place + ".rope_type") ? ".rope_type" : ".type"));
  if (!kind || *kind == "default") return scaling;
  if (*kind == "linear") {
    scaling.kind = RopeScaling::Kind::kLinear;
  } else if (*kind == "llama3") {
    scaling.kind = RopeScaling::Kind::kLlama3;
    scaling.low_frequency_factor = section.number_needed(place + ".low_freq_factor");
    scaling.high_frequency_factor = section.number_needed(place + ".high_freq_factor");
    scaling.original_max_positions =
        section.number_needed(place + ".original_max_position_embeddings");
  } else {
    section.fail("rope scaling \"" + *kind + "\" is not supported, expected llama3 or linear");
  }
  scaling.factor = section.number_needed(place + ".factor");
  return scaling;
}

void read_rope(const Section& section, const ConfigKeys& keys, ModelConfig& c) {
  c.rope_theta = section.number_or(keys.rope_theta, c.rope_theta);
  c.sliding_rope_theta = section.number_or(keys.sliding_rope_theta, c.sliding_rope_theta);
  c.rope_scaling = read_rope_scaling(section, "rope_scaling");
  if (!section.has("rope_parameters")) return;
  const bool by_span = section.has("rope_parameters.full_attention");
  const std::string full = by_span ? "rope_parameters.full_attention" : "rope_parameters";
  c.rope_theta = section.number_or(full + ".rope_theta", c.rope_theta);
  c.rope_scaling = read_rope_scaling(section, full);
  if (!by_span) return;
  const std::string sliding = "rope_parameters.sliding_attention";
  c.sliding_rope_theta = section.number_or(sliding + ".rope_theta", c.sliding_rope_theta);
  if (read_rope_scaling(section, sliding).kind != RopeScaling::Kind::kNone) {
    section.fail("key " + sliding + " scales frequencies, which is not supported");
  }
}

// The number of a rule of SlidingLayers.
std::int64_t read_sliding_number(const Section& section, SlidingLayers rule) {
  if (rule == SlidingLayers::kFromLayer) return section.size_or("max_window_layers", 28);
  if (rule != SlidingLayers::kAllButEveryNth) return 0;
  const std::int64_t n = section.size_or("sliding_window_pattern", 6);
  if (n < 1) {
    section.fail("key sliding_window_pattern is " + std::to_string(n) + ", expected at least 1");
  }
  return n;
}

std::vector<AttentionSpan> listed_spans(const Section& section,
                                        const std::vector<std::string>& types,
                                        std::int64_t n_layers) {
  if (static_cast<std::int64_t>(types.size()) != n_layers) {
    section.fail("key layer_types has " + std::to_string(types.size()) + " entries, expected " +
                 std::to_string(n_layers) + ", one a layer");
  }
  std::vector<AttentionSpan> spans;
  for (const std::string& type : types) {
    if (type != "full_attention" && type != "sliding_attention") {
      section.fail("key layer_types holds \"" + type +
                   "\", expected full_attention or sliding_attention");
    }
    spans.push_back(type == "sliding_attention" ? AttentionSpan::kSliding : AttentionSpan::kFull);
  }
  return spans;
}

void read_spans(const Section& section, const Architecture& family, ModelConfig& c) {
  const std::string_view key = family.keys.sliding_window;
  // null = no window; a missing key = the family's.
  c.sliding_window = section.size_or(key, section.contains(key) ? 0 : c.sliding_window);
  if (family.sliding_layers == SlidingLayers::kFromLayer &&
      !section.flag_or("use_sliding_window", false)) {
    c.sliding_window = 0;
  }
  const auto listed = section.texts("layer_types");
  c.spans = listed ? listed_spans(section, *listed, c.n_layers)
                   : spans_by_rule(family.sliding_layers, c.n_layers,
                                   read_sliding_number(section, family.sliding_layers));
  if (c.sliding_window > 0) return;
  if (c.sliding_window < 0) {
    section.fail("key " + std::string(key) + " is " + std::to_string(c.sliding_window) +
                 ", expected at least 1");
  }
  c.spans.assign(static_cast<std::size_t>(c.n_layers), AttentionSpan::kFull);
}

// Options that change the computation in a way that no field of ModelConfig describes.
void refuse_unsupported(const Section& section) {
  for (const char* key : {"scale_attn_by_inverse_layer_idx", "use_bidirectional_attention"}) {
    if (section.flag_or(key, false)) {
      section.fail(std::string(key) + " is true, which is not supported");
    }
  }
  if (!section.flag_or("scale_attn_weights", true)) {
    section.fail("scale_attn_weights is false, which is not supported");
  }
  for (const char* key : {"pretraining_tp", "partial_rotary_factor"}) {
    if (section.number_or(key, 1) != 1) {
      section.fail(std::string(key) + " is not 1, which is not supported");
    }
  }
  if (section.has("quantization_config")) {
    section.fail("quantization_config is set; expected plain f32, f16 or bf16 weights");
  }
}

void read_sizes(const Section& section, const ConfigKeys& keys, ModelConfig& c) {
  c.n_layers = section.size_needed(keys.n_layers, c.n_layers);
  check_n_layers(section.path(), c.n_layers);
  c.d_model = section.size_needed(keys.d_model, c.d_model);
  c.n_heads = section.size_needed(keys.n_heads, c.n_heads);
  c.n_kv_heads = section.size_or(keys.n_kv_heads, c.n_kv_heads > 0 ? c.n_kv_heads : c.n_heads);
  const std::int64_t d_head = c.n_heads > 0 ? c.d_model / c.n_heads : 0;
  c.d_head = section.size_or(keys.d_head, c.d_head > 0 ? c.d_head : d_head);
  c.d_mlp = section.size_or(keys.d_mlp, c.d_mlp > 0 ? c.d_mlp : 4 * c.d_model);
  c.vocabulary_size = section.size_needed("vocab_size", c.vocabulary_size);
  c.max_positions = section.size_or(keys.max_positions, c.max_positions);
}

void read_kinds(const Section& section, const ConfigKeys& keys, ModelConfig& c) {
  c.norm_epsilon = section.number_or(keys.norm_epsilon, c.norm_epsilon);
  c.activation = read_activation(section, keys.activation, c.activation);
  c.attention_bias = section.flag_or(keys.attention_bias, c.attention_bias);
  c.attention_output_bias = section.flag_or(keys.attention_bias, c.attention_output_bias);
  c.mlp_bias = section.flag_or(keys.mlp_bias, c.mlp_bias);
  c.tied_embeddings = section.flag_or("tie_word_embeddings", c.tied_embeddings);
  c.query_scalar = section.number_or(keys.query_scalar, c.query_scalar);
  for (const auto& [key, cap] : {std::pair(keys.attention_softcap, &c.attention_softcap),
                                 std::pair(keys.final_softcap, &c.final_softcap)}) {
    // A family's own cap holds where the key is missing; null and 0 switch it off.
    *cap = section.number_or(key, section.contains(key) ? 0.0 : *cap);
    if (*cap < 0) section.fail("key " + std::string(key) + " is below 0");
  }
  if (c.query_scalar < 0) {
    section.fail("key " + std::string(keys.query_scalar) + " is below 0");
  }
}

}  // namespace

ModelConfig read_model_config(const std::filesystem::path& directory) {
  if (GgufFile::recognises(directory)) return read_gguf_config(GgufFile::open(directory));
  const JsonFile file = JsonFile::open("load_model", directory / "config.json");
  const std::string model_type = file.text("model_type").value_or("");
  const auto names = file.texts("architectures");
  const Architecture& family =
      find_architecture(names && !names->empty() ? names->front() : "", model_type);
  const Section section(file, family.config_section);
  refuse_unsupported(section);

  ModelConfig c = family.traits;
  const std::string stated = file.text("_name_or_path").value_or("");
  c.name = directory_name(stated.empty() ? directory : std::filesystem::path(stated));
  c.architecture = family.name;
  c.model_type = model_type.empty() ? std::string(family.model_type) : model_type;
  read_sizes(section, family.keys, c);
  read_kinds(section, family.keys, c);
  if (family.embeddings_are_scaled) c.embedding_scale = std::sqrt(static_cast<double>(c.d_model));
  if (c.positions == PositionKind::kRotary) read_rope(section, family.keys, c);
  read_spans(section, family, c);
  check_sizes(section.path(), c);
  return c;
}

}  // namespace circuit
