#include "tests/support/tiny_gguf.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <stdexcept>
#include <utility>

#include <ATen/ATen.h>

#include "tracer/model/config.h"
#include "transcoders/tensor_view.h"

namespace circuit::testing {
namespace {

using Pair = std::pair<std::string_view, std::string_view>;

// What stands behind "model.layers.N." and what it is called behind "blk.N.".
constexpr std::array<Pair, 18> kLayerNames{{
    {"input_layernorm", "attn_norm"},
    {"self_attn.q_proj", "attn_q"},
    {"self_attn.k_proj", "attn_k"},
    {"self_attn.v_proj", "attn_v"},
    {"self_attn.o_proj", "attn_output"},
    {"self_attn.q_norm", "attn_q_norm"},
    {"self_attn.k_norm", "attn_k_norm"},
    {"pre_feedforward_layernorm", "ffn_norm"},
    {"post_feedforward_layernorm", "post_ffw_norm"},
    {"mlp.gate_proj", "ffn_gate"},
    {"mlp.up_proj", "ffn_up"},
    {"mlp.down_proj", "ffn_down"},
    {"ln_1", "attn_norm"},
    {"ln_2", "ffn_norm"},
    {"attn.c_attn", "attn_qkv"},
    {"attn.c_proj", "attn_output"},
    {"mlp.c_fc", "ffn_up"},
    {"mlp.c_proj", "ffn_down"},
}};
constexpr std::array<Pair, 6> kOuterNames{{{"model.embed_tokens", "token_embd"},
                                           {"model.norm", "output_norm"},
                                           {"lm_head", "output"},
                                           {"transformer.wte", "token_embd"},
                                           {"transformer.wpe", "position_embd"},
                                           {"transformer.ln_f", "output_norm"}}};

class Converter {
 public:
  explicit Converter(const std::filesystem::path& directory)
      : config_(read_model_config(directory)),
        file_(SafetensorsFile::open(directory / "model.safetensors")),
        is_gemma_(config_.model_type.starts_with("gemma")),
        architecture_(config_.model_type == "mistral"       ? "llama"
                      : config_.model_type == "gemma3_text" ? "gemma3"
                                                            : config_.model_type) {}

  GgufWriter convert() {
    write_keys();
    for (const std::string& name : file_.names()) {
      write(gguf_name(name), reordered(name, map_tensor(file_, name).to(at::kDouble)));
    }
    if (config_.rope_scaling.kind == RopeScaling::Kind::kLlama3) {
      write("rope_freqs.weight", rope_factors());
    }
    return std::move(writer_);
  }

 private:
  void size(std::string_view key, std::int64_t value) {
    writer_.integer(architecture_ + "." + std::string(key), static_cast<std::uint32_t>(value));
  }
  void number(std::string_view key, double value) {
    writer_.raw(architecture_ + "." + std::string(key), GgufValueType::kF64, bytes_of(value));
  }

  void write_keys() {
    const ModelConfig& c = config_;
    writer_.text("general.architecture", architecture_);
    size("block_count", c.n_layers);
    size("context_length", c.max_positions);
    size("embedding_length", c.d_model);
    size("feed_forward_length", c.d_mlp);
    size("attention.head_count", c.n_heads);
    size("attention.head_count_kv", c.n_kv_heads);
    number(c.norm == NormKind::kLayer ? "attention.layer_norm_epsilon"
                                      : "attention.layer_norm_rms_epsilon",
           c.norm_epsilon);
    if (c.positions == PositionKind::kRotary) {
      size("attention.key_length", c.d_head);
      size("attention.value_length", c.d_head);
      size("rope.dimension_count", c.d_head);
      number("rope.freq_base", c.rope_theta);
      if (c.sliding_rope_theta > 0) number("rope.freq_base_swa", c.sliding_rope_theta);
    }
    if (c.query_scalar > 0) number("attention.scale", 1 / std::sqrt(c.query_scalar));
    if (c.attention_softcap > 0) number("attn_logit_softcapping", c.attention_softcap);
    if (c.final_softcap > 0) number("final_logit_softcapping", c.final_softcap);
    size("attention.sliding_window", c.sliding_window);
    if (c.sliding_window > 0) write_pattern();
  }

  void write_pattern() {
    std::string slides;
    for (const AttentionSpan span : config_.spans) {
      slides += static_cast<char>(span == AttentionSpan::kSliding);
    }
    writer_.raw_array(architecture_ + ".attention.sliding_window_pattern", GgufValueType::kBool,
                      slides.size(), slides);
  }

  void write(const std::string& name, const at::Tensor& values) {
    const at::Tensor rows = values.contiguous();
    writer_.tensor(name, GgmlType::kF64, {rows.sizes().data(), rows.sizes().size()},
                   {static_cast<const char*>(rows.data_ptr()), rows.nbytes()});
  }

  // [d_head / 2]: by how much Llama 3 divides each frequency.
  at::Tensor rope_factors() const {
    const RopeScaling& scaling = config_.rope_scaling;
    std::vector<double> factors;
    for (std::int64_t i = 0; i < config_.d_head / 2; ++i) {
      const double frequency = std::pow(
          config_.rope_theta, -2.0 * static_cast<double>(i) / static_cast<double>(config_.d_head));
      const double turns = scaling.original_max_positions * frequency / (2 * std::numbers::pi);
      const double low = scaling.low_frequency_factor;
      const double high = scaling.high_frequency_factor;
      const double kept = std::clamp((turns - low) / (high - low), 0.0, 1.0);
      factors.push_back(1 / (kept + (1 - kept) / scaling.factor));
    }
    return at::tensor(factors, at::kDouble);
  }

  at::Tensor reordered(const std::string& name, at::Tensor values) const {
    const auto holds = [&](std::string_view part) { return name.find(part) != std::string::npos; };
    if (architecture_ == "gpt2" && holds(".c_") && name.ends_with(".weight")) return values.t();
    if (is_gemma_ && name.ends_with("norm.weight")) return values + 1;
    if (architecture_ != "llama") return values;
    if (holds("q_proj")) return neighbours(values, config_.n_heads);
    if (holds("k_proj")) return neighbours(values, config_.n_kv_heads);
    return values;
  }

  // Row i and row i + d_head / 2 of each head, side by side.
  static at::Tensor neighbours(const at::Tensor& rows, std::int64_t n_heads) {
    return rows.reshape({n_heads, 2, rows.size(0) / n_heads / 2, -1})
        .transpose(1, 2)
        .reshape(rows.sizes());
  }

  std::string gguf_name(const std::string& name) const {
    const std::size_t suffix = name.rfind('.');
    const std::string stem = name.substr(0, suffix);
    for (const std::string_view start : {"model.layers.", "transformer.h."}) {
      if (!stem.starts_with(start)) continue;
      const std::size_t dot = stem.find('.', start.size());
      const std::string layer = stem.substr(start.size(), dot - start.size());
      return "blk." + layer + "." + layer_name(stem.substr(dot + 1)) + name.substr(suffix);
    }
    for (const auto& [ours, theirs] : kOuterNames) {
      if (stem == ours) return std::string(theirs) + name.substr(suffix);
    }
    throw std::runtime_error("[as_gguf] no name for " + name);
  }

  std::string layer_name(const std::string& stem) const {
    if (stem == "post_attention_layernorm") return is_gemma_ ? "post_attention_norm" : "ffn_norm";
    for (const auto& [ours, theirs] : kLayerNames) {
      if (stem == ours) return std::string(theirs);
    }
    throw std::runtime_error("[as_gguf] no name for " + stem);
  }

  ModelConfig config_;
  SafetensorsFile file_;
  bool is_gemma_;
  std::string architecture_;
  GgufWriter writer_;
};

}  // namespace

GgufWriter as_gguf(const std::filesystem::path& directory) {
  return Converter(directory).convert();
}

}  // namespace circuit::testing
