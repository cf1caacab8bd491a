#include "tracer/model/gguf_config.h"

#include <cmath>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "tracer/model/architecture.h"
#include "tracer/model/config_rules.h"
#include "transcoders/weights/dequantise.h"
#include "transcoders/weights/printable_name.h"
#include "transcoders/weights/safetensors.h"

namespace circuit {
namespace {

// Keys of one family: "llama." and what follows.
class Keys {
 public:
  explicit Keys(const GgufFile& file)
      : file_(file), prefix_(std::string(file.require_text("general.architecture")) + ".") {}

  const GgufFile& file() const { return file_; }
  std::string full(std::string_view key) const { return prefix_ + std::string(key); }
  std::int64_t size_needed(std::string_view key) const { return file_.require_integer(full(key)); }
  std::int64_t size_or(std::string_view key, std::int64_t fallback) const {
    return file_.integer(full(key)).value_or(fallback);
  }
  double number_or(std::string_view key, double fallback) const {
    return file_.number(full(key)).value_or(fallback);
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw std::runtime_error("[load_model] " + file_.path().string() + ": " + what);
  }

 private:
  const GgufFile& file_;
  std::string prefix_;
};

// Options that change the computation in a way that no field of ModelConfig describes.
void refuse_unsupported(const Keys& keys, const ModelConfig& c) {
  if (const std::int64_t n = keys.size_or("expert_count", 0); n != 0) {
    keys.fail("has " + std::to_string(n) + " experts a layer; expected a dense model");
  }
  if (const std::int64_t n = keys.file().integer("split.count").value_or(1); n > 1) {
    keys.fail("is one of " + std::to_string(n) + " parts; expected a single file");
  }
  if (const std::int64_t d = keys.size_or("attention.value_length", c.d_head); d != c.d_head) {
    keys.fail("key " + keys.full("attention.value_length") + " is " + std::to_string(d) +
              ", expected " + std::to_string(c.d_head) + " as of queries and keys");
  }
  if (c.positions != PositionKind::kRotary) return;
  if (const std::int64_t d = keys.size_or("rope.dimension_count", c.d_head); d != c.d_head) {
    keys.fail("key " + keys.full("rope.dimension_count") + " is " + std::to_string(d) +
              ", expected the whole head, " + std::to_string(c.d_head));
  }
}

void read_sizes(const Keys& keys, ModelConfig& c) {
  c.n_layers = keys.size_needed("block_count");
  check_n_layers(keys.file().path(), c.n_layers);
  c.d_model = keys.size_needed("embedding_length");
  c.n_heads = keys.size_needed("attention.head_count");
  c.n_kv_heads = keys.size_or("attention.head_count_kv", c.n_heads);
  c.d_head = keys.size_or("attention.key_length", c.n_heads > 0 ? c.d_model / c.n_heads : 0);
  c.d_mlp = keys.size_needed("feed_forward_length");
  c.max_positions = keys.size_needed("context_length");
  const auto embedding = keys.file().view("token_embd.weight").shape();
  c.vocabulary_size = embedding.empty() ? 0 : embedding.front();
}

void read_kinds(const Keys& keys, const Architecture& family, ModelConfig& c) {
  c.norm_epsilon = keys.number_or(c.norm == NormKind::kLayer ? "attention.layer_norm_epsilon"
                                                             : "attention.layer_norm_rms_epsilon",
                                  c.norm_epsilon);
  // Where a family leaves biases open, the file's tensors tell.
  const auto holds = [&](const char* name) { return keys.file().contains(name); };
  c.attention_bias = c.attention_bias || holds("blk.0.attn_q.bias");
  c.attention_output_bias = c.attention_output_bias || holds("blk.0.attn_output.bias");
  c.mlp_bias = c.mlp_bias || holds("blk.0.ffn_up.bias");
  c.tied_embeddings = !holds("output.weight");
  c.attention_softcap = keys.number_or("attn_logit_softcapping", c.attention_softcap);
  c.final_softcap = keys.number_or("final_logit_softcapping", c.final_softcap);
  if (family.embeddings_are_scaled) c.embedding_scale = std::sqrt(static_cast<double>(c.d_model));
  const bool by_width = c.n_layers == family.gguf.n_layers_scaled_by_width;
  c.query_scalar = static_cast<double>(by_width ? c.d_model / c.n_heads : c.d_head);
  const double scale = keys.number_or("attention.scale", 0);
  if (scale > 0) c.query_scalar = 1 / (scale * scale);
}

// [d_head / 2]; Llama 3.1 and later.
std::vector<double> read_rope_factors(const Keys& keys, const ModelConfig& c) {
  const GgufTensorView& view = keys.file().view("rope_freqs.weight");
  if (view.n_axes != 1 || view.elements() != c.d_head / 2 || !can_dequantise(view.type)) {
    keys.fail("tensor rope_freqs.weight is " + std::string(name_of(view.type)) + " " +
              to_string(view.shape()) + ", expected [" + std::to_string(c.d_head / 2) + "]");
  }
  std::vector<float> values(static_cast<std::size_t>(view.elements()));
  dequantise(view.type, view.bytes, values);
  for (const float value : values) {
    if (!(std::isfinite(value) && value > 0)) {
      keys.fail("tensor rope_freqs.weight holds " + std::to_string(value) +
                ", expected factors above 0");
    }
  }
  return {values.begin(), values.end()};
}

void read_rope(const Keys& keys, ModelConfig& c) {
  c.rope_theta = keys.number_or("rope.freq_base", c.rope_theta);
  if (c.sliding_rope_theta > 0) {
    c.sliding_rope_theta = keys.number_or("rope.freq_base_swa", c.sliding_rope_theta);
  }
  const auto type = keys.file().text(keys.full("rope.scaling.type")).value_or("none");
  if (type == "linear") {
    c.rope_scaling.kind = RopeScaling::Kind::kLinear;
    c.rope_scaling.factor = keys.file().require_number(keys.full("rope.scaling.factor"));
  } else if (type != "none") {
    keys.fail("rope scaling " + printable_name(type) + " is not supported, expected linear");
  }
  if (!keys.file().contains("rope_freqs.weight")) return;
  if (type != "none") keys.fail("has rope_freqs.weight and linear rope scaling, expected one");
  c.rope_scaling.kind = RopeScaling::Kind::kFactors;
  c.rope_scaling.factors = read_rope_factors(keys, c);
}

// Whether windows are part of every model of the family.
bool always_slides(const Architecture& family) {
  return family.sliding_layers == SlidingLayers::kEveryOther ||
         family.sliding_layers == SlidingLayers::kAllButEveryNth;
}

// `attention.sliding_window_pattern` is a period, or says of each layer whether it slides.
std::vector<AttentionSpan> read_pattern(const Keys& keys, const Architecture& family,
                                        std::int64_t n_layers) {
  constexpr std::int64_t kPeriod = 6;
  const std::string key = keys.full("attention.sliding_window_pattern");
  if (!keys.file().has(key)) {
    return spans_by_rule(always_slides(family) ? family.sliding_layers : SlidingLayers::kAll,
                         n_layers, kPeriod);
  }
  if (!keys.file().is_array(key)) {
    const std::int64_t n = keys.file().require_integer(key);
    if (n < 1) keys.fail("key " + key + " is " + std::to_string(n) + ", expected at least 1");
    return spans_by_rule(SlidingLayers::kAllButEveryNth, n_layers, n);
  }
  const GgufArrayView list = *keys.file().array(key);
  if (list.type != GgufValueType::kBool || list.size != static_cast<std::size_t>(n_layers)) {
    keys.fail("key " + key + " is an array of " + std::to_string(list.size) + " " +
              std::string(name_of(list.type)) + ", expected a bool for each of " +
              std::to_string(n_layers) + " layers");
  }
  std::vector<AttentionSpan> spans;
  for (const std::byte slides : list.bytes) {
    spans.push_back(slides != std::byte{0} ? AttentionSpan::kSliding : AttentionSpan::kFull);
  }
  return spans;
}

void read_spans(const Keys& keys, const Architecture& family, ModelConfig& c) {
  c.sliding_window =
      keys.size_or("attention.sliding_window", always_slides(family) ? c.sliding_window : 0);
  if (c.sliding_window < 0) {
    keys.fail("key " + keys.full("attention.sliding_window") + " is " +
              std::to_string(c.sliding_window) + ", expected at least 1");
  }
  c.spans = c.sliding_window > 0 ? read_pattern(keys, family, c.n_layers)
                                 : spans_by_rule(SlidingLayers::kNone, c.n_layers, 0);
}

}  // namespace

ModelConfig read_gguf_config(const GgufFile& file) {
  const Architecture& family =
      find_gguf_architecture(file.require_text("general.architecture"), file.path());
  const Keys keys(file);
  ModelConfig c = family.traits;
  c.name = file.path().stem().string();
  c.architecture = family.name;
  c.model_type = family.model_type;
  read_sizes(keys, c);
  check_sizes(file.path(), c);
  read_kinds(keys, family, c);
  if (c.positions == PositionKind::kRotary) read_rope(keys, c);
  read_spans(keys, family, c);
  refuse_unsupported(keys, c);
  return c;
}

}  // namespace circuit
