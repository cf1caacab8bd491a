#include "transcoders/formats/saelens.h"

#include <array>
#include <system_error>

#include <ATen/ATen.h>

#include "transcoders/tensor_view.h"
#include "transcoders/weights/json.h"
#include "transcoders/weights/printable_name.h"

namespace circuit {
namespace {

struct Architecture {
  std::string_view name;
  ActivationKind kind;
  bool is_sae;
  bool has_skip;
};

constexpr std::array<Architecture, 7> kArchitectures{{
    {"standard", ActivationKind::kRelu, true, false},
    {"jumprelu", ActivationKind::kJumpRelu, true, false},
    {"topk", ActivationKind::kTopK, true, false},
    {"transcoder", ActivationKind::kRelu, false, false},
    {"skip_transcoder", ActivationKind::kRelu, false, true},
    {"jumprelu_transcoder", ActivationKind::kJumpRelu, false, false},
    {"jumprelu_skip_transcoder", ActivationKind::kJumpRelu, false, true},
}};

/// Looks a key up under the names it had in the versions.
class Config {
 public:
  Config(const std::string& operation, const std::filesystem::path& path)
      : operation_(operation), file_(JsonFile::open(operation, path)) {}

  std::string text(std::initializer_list<const char*> names) const {
    for (const char* name : names) {
      if (const auto value = file_.text(name)) return *value;
    }
    return {};
  }
  const JsonFile& file() const { return file_; }
  [[noreturn]] void fail(const std::string& what) const {
    fail_format(operation_, file_.path(), what);
  }

 private:
  std::string operation_;
  JsonFile file_;
};

/// Before version 6 TopK was a standard SAE with another activation function.
std::string architecture_of(const Config& config) {
  const std::string name = config.text({"architecture"});
  const std::string function = config.text({"activation_fn", "activation_fn_str"});
  if (function == "topk") return "topk";
  if (!function.empty() && function != "relu") {
    config.fail("activation function is " + printable_name(function) + ", expected relu or topk");
  }
  return name.empty() ? "standard" : name;
}

const Architecture& find_architecture(const Config& config) {
  const std::string name = architecture_of(config);
  std::string known;
  for (const Architecture& row : kArchitectures) {
    if (row.name == name) return row;
    known += (known.empty() ? "" : ", ") + std::string(row.name);
  }
  config.fail("architecture is " + printable_name(name) + ", expected one of " + known);
}

void refuse_other_inputs(const Config& config) {
  // Versions before 6 wrote a flag.
  std::string normalized;
  try {
    normalized = config.text({"normalize_activations"});
  } catch (const std::runtime_error&) {
    if (config.file().boolean("normalize_activations").value_or(false)) {
      normalized = "expected_average_only_in";
    }
  }
  if (!normalized.empty() && normalized != "none") {
    config.fail("normalize_activations is " + printable_name(normalized) +
                ", expected none: fold the scale into the weights with SAELens first");
  }
  const std::string reshaped = config.text({"reshape_activations"});
  if (!reshaped.empty() && reshaped != "none") {
    config.fail("reshape_activations is " + printable_name(reshaped) + ", expected none");
  }
}

/// Some versions wrote a scale that training had left at 1.
void check_scaling_factor(const std::string& operation, LayerLayout& layout) {
  constexpr const char* kName = "scaling_factor";
  const WeightFile file = WeightFile::open(layout.encoder_file);
  if (!file.contains(kName)) return;
  const at::Tensor scale = map_tensor(file, kName);
  if (!scale.to(at::kDouble).sub(1).abs().lt(1e-5).all().item<bool>()) {
    fail_format(operation, file.path(), "tensor scaling_factor is not 1 everywhere");
  }
  layout.unused.push_back(kName);
}

LayerLayout layout_of(const std::filesystem::path& file, const Architecture& architecture) {
  LayerLayout layout;
  layout.encoder_file = layout.decoder_file = file;
  layout.encoder = "W_enc";
  layout.encoder_bias = "b_enc";
  layout.decoder_bias = "b_dec";
  layout.decoder = "W_dec";
  layout.encoder_transposed = true;
  if (architecture.kind == ActivationKind::kJumpRelu) layout.threshold = "threshold";
  if (architecture.has_skip) layout.skip = "W_skip";
  return layout;
}

std::int64_t read_k(const Config& config) {
  const JsonFile& file = config.file();
  const auto k = file.has("k") ? file.integer("k") : file.integer("activation_fn_kwargs.k");
  if (!k || *k < 1) config.fail("no k, expected a whole number > 0");
  return *k;
}

}  // namespace

std::optional<DictionaryDescription> describe_saelens(const std::string& operation,
                                                      const std::filesystem::path& directory) {
  std::error_code ignored;
  const std::filesystem::path weights = directory / "sae_weights.safetensors";
  if (!std::filesystem::is_regular_file(weights, ignored) ||
      !std::filesystem::is_regular_file(directory / "cfg.json", ignored)) {
    return std::nullopt;
  }
  const Config config(operation, directory / "cfg.json");
  const Architecture& architecture = find_architecture(config);
  refuse_other_inputs(config);
  DictionaryDescription described;
  described.directory = directory;
  described.format = "SAELens";
  described.model_name = config.text({"metadata.model_name", "model_name"});
  described.is_sae = architecture.is_sae;
  described.apply_b_dec_to_input =
      architecture.is_sae && config.file().boolean("apply_b_dec_to_input").value_or(true);
  described.decoder_norms_select =
      config.file().boolean("rescale_acts_by_decoder_norm").value_or(false);
  described.hook_text = config.text({"metadata.hook_name", "hook_name", "hook_point"});
  described.reads = described.writes = parse_hook_place(described.hook_text);
  if (!architecture.is_sae) {
    described.writes = parse_hook_place(config.text({"metadata.hook_name_out", "hook_name_out"}));
  }
  described.layout = layout_of(weights, architecture);
  check_scaling_factor(operation, described.layout);
  described.activation.said_in = config.file().path();
  described.activation.kind = architecture.kind;
  described.activation.topk_relu = architecture.kind == ActivationKind::kTopK;
  described.activation.threshold_relu = architecture.kind == ActivationKind::kJumpRelu;
  if (architecture.kind == ActivationKind::kTopK) described.activation.k = read_k(config);
  return described;
}

}  // namespace circuit
