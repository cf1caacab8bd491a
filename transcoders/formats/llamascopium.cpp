#include "transcoders/formats/llamascopium.h"

#include <array>
#include <cmath>
#include <memory>
#include <set>
#include <system_error>

#include <ATen/ATen.h>

#include "transcoders/config_reader.h"
#include "transcoders/tensor_view.h"
#include "transcoders/weights/json.h"
#include "transcoders/weights/printable_name.h"

namespace circuit {
namespace {

constexpr const char* kOperation = "load_transcoders";
constexpr const char* kThreshold = "activation_function.log_jumprelu_threshold";
const std::string kAverageNorm = "dataset_average_activation_norm.";

/// One layer's tensors, cut out of those of all layers.
struct LayerTable : TensorTable {
  explicit LayerTable(const WeightFile& whole)
      : TensorTable{.path = whole.path(), .tensors = {}}, file(whole) {}

  WeightFile file;  // keeps the bytes
};

class Reader {
 public:
  explicit Reader(const std::filesystem::path& directory)
      : config_(JsonFile::open(kOperation, directory / "config.json")),
        file_(WeightFile::open(directory / "sae_weights.safetensors")),
        reads_(config_.texts("hook_points_in").value_or(std::vector<std::string>{})),
        writes_(config_.texts("hook_points_out").value_or(std::vector<std::string>{})) {
    if (reads_.empty() || reads_.size() != writes_.size()) {
      fail("hook_points_in has " + std::to_string(reads_.size()) + " entries, hook_points_out " +
           std::to_string(writes_.size()) + ", expected one a layer in both");
    }
  }

  SetDescription describe() const {
    SetDescription described;
    described.format = "Llamascopium";
    described.model_name = config_.text("model_name").value_or("");
    described.cross_layer = true;
    described.read_site = site<ReadSite>(reads_, "hook_points_in", &read_site_of);
    described.write_site = site<WriteSite>(writes_, "hook_points_out", &write_site_of);
    described.activation = activation();
    described.rescaling = rescaling();
    check_no_unknown();
    for (std::size_t layer = 0; layer < reads_.size(); ++layer) {
      described.layouts.push_back(layout(layer));
    }
    return described;
  }

 private:
  template <typename Site>
  Site site(const std::vector<std::string>& hooks, const char* key,
            std::optional<Site> (*site_of)(PlaceKind)) const {
    std::optional<Site> found;
    for (std::size_t layer = 0; layer < hooks.size(); ++layer) {
      const auto place = parse_hook_place(hooks[layer]);
      const auto site = place ? site_of(place->kind) : std::nullopt;
      if (!site || place->layer != static_cast<std::int64_t>(layer) || (found && *site != *found)) {
        fail(std::string(key) + " has " + printable_name(hooks[layer]) + " as entry " +
             std::to_string(layer) +
             ", expected a place that transcoders know, of that layer, the same in all");
      }
      found = site;
    }
    return *found;
  }

  ActivationChoice activation() const {
    constexpr std::array<Named<ActivationKind>, 3> kKinds{{
        {ActivationKind::kRelu, "relu"},
        {ActivationKind::kJumpRelu, "jumprelu"},
        {ActivationKind::kTopK, "topk"},
    }};
    const std::string name = config_.text("act_fn").value_or("relu");
    ActivationChoice choice;
    choice.said_in = config_.path();
    for (const auto& [kind, known] : kKinds) {
      if (known == name) choice.kind = kind;
    }
    if (!choice.kind) {
      fail("act_fn is " + printable_name(name) +
           ", expected relu, jumprelu or topk: others choose among layers or positions, and "
           "Llamascopium's topk_to_jumprelu_conversion makes jumprelu of them");
    }
    choice.threshold_is_log = choice.kind == ActivationKind::kJumpRelu;
    choice.topk_relu = choice.kind == ActivationKind::kTopK;
    if (choice.kind == ActivationKind::kTopK) choice.k = config_.require_integer("top_k");
    return choice;
  }

  Rescaling rescaling() const {
    Rescaling rescaling;
    rescaling.decoder_norms_select =
        config_.boolean("sparsity_include_decoder_norm").value_or(true);
    const std::string norm = config_.text("norm_activation").value_or("dataset-wise");
    if (norm == "inference") return rescaling;
    if (norm != "dataset-wise") {
      fail("norm_activation is " + printable_name(norm) +
           ", expected inference or dataset-wise: another norm is not the same for all tokens");
    }
    for (std::size_t layer = 0; layer < reads_.size(); ++layer) {
      rescaling.inputs.push_back(factor(reads_[layer]));
      rescaling.outputs.push_back(factor(writes_[layer]));
    }
    return rescaling;
  }

  /// sqrt(d_model) over the average norm at a hook.
  double factor(const std::string& hook) const {
    const std::string name = kAverageNorm + hook;
    if (!file_.contains(name)) {
      fail("norm_activation is dataset-wise, but the weights hold no tensor " +
           printable_name(name));
    }
    const at::Tensor stored = map_tensor(file_, name);
    const double average = stored.numel() == 1 ? stored.item().toDouble() : 0.0;
    const auto d_model = static_cast<double>(config_.require_integer("d_model"));
    const double result = std::sqrt(d_model) / average;
    if (!std::isfinite(result) || result <= 0) {
      fail_format(kOperation, file_.path(),
                  "tensor " + name + " is not one number > 0 (the average norm)");
    }
    return result;
  }

  void check_no_unknown() const {
    std::set<std::string> known{"W_E", "b_E", kThreshold};
    for (std::size_t layer = 0; layer < reads_.size(); ++layer) {
      known.insert("W_D." + std::to_string(layer));
      known.insert("b_D." + std::to_string(layer));
      known.insert(kAverageNorm + reads_[layer]);
      known.insert(kAverageNorm + writes_[layer]);
    }
    for (const std::string& name : file_.names()) {
      if (known.contains(name)) continue;
      fail_format(kOperation, file_.path(),
                  "tensor " + printable_name(name) +
                      " is unknown, expected only W_E, b_E, W_D.L, b_D.L, " + kThreshold + ", " +
                      kAverageNorm + "HOOK");
    }
  }

  /// Entry `index` of the first axis of a tensor, under a name of its own. Nothing for a tensor
  /// that is not there or too short: opening the layers says so by name.
  void add_part(const std::string& name, std::size_t index, const std::string& as,
                LayerTable& table) const {
    if (!file_.contains(name)) return;
    const TensorView& whole = file_.view(name);
    if (whole.shape.empty() || whole.shape[0] <= static_cast<std::int64_t>(index)) return;
    TensorView part = whole;
    const std::size_t bytes = whole.bytes.size() / static_cast<std::size_t>(whole.shape[0]);
    part.bytes = whole.bytes.subspan(index * bytes, bytes);
    part.shape.erase(part.shape.begin());
    table.tensors.emplace(as, std::move(part));
  }

  LayerLayout layout(std::size_t layer) const {
    const std::string part = "[" + std::to_string(layer) + "]";
    auto table = std::make_shared<LayerTable>(file_);
    LayerLayout layout;
    layout.encoder_file = layout.decoder_file = file_.path();
    layout.encoder = "W_E" + part;
    layout.encoder_bias = "b_E" + part;
    layout.decoder_bias = "b_D." + std::to_string(layer);
    layout.threshold = kThreshold + part;
    layout.encoder_transposed = true;
    add_part("W_E", layer, layout.encoder, *table);
    add_part("b_E", layer, layout.encoder_bias, *table);
    add_part(kThreshold, layer, layout.threshold, *table);
    if (file_.contains(layout.decoder_bias)) {
      table->tensors.emplace(layout.decoder_bias, file_.view(layout.decoder_bias));
    }
    // Stored by the layer written: its first axis is the layer read.
    for (std::size_t to = layer; to < reads_.size(); ++to) {
      const std::string name = "W_D." + std::to_string(to);
      layout.decoder_parts.push_back(name + part);
      add_part(name, layer, name + part, *table);
    }
    layout.tensors = WeightFile(std::move(table));
    return layout;
  }

  [[noreturn]] void fail(const std::string& what) const {
    fail_format(kOperation, config_.path(), what);
  }

  JsonFile config_;
  WeightFile file_;
  std::vector<std::string> reads_, writes_;
};

}  // namespace

std::optional<SetDescription> describe_llamascopium(const std::filesystem::path& directory) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(directory / "config.json", ignored) ||
      !std::filesystem::is_regular_file(directory / "sae_weights.safetensors", ignored)) {
    return std::nullopt;
  }
  const JsonFile config = JsonFile::open(kOperation, directory / "config.json");
  const auto type = config.text("sae_type");
  if (!type) return std::nullopt;
  if (*type != "clt") {
    fail_format(kOperation, config.path(),
                "sae_type is " + printable_name(*type) + ", expected clt");
  }
  return Reader(directory).describe();
}

}  // namespace circuit
