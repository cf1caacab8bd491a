#include "transcoders/formats/sparsify.h"

#include <array>
#include <charconv>
#include <system_error>

#include "transcoders/weights/directory_name.h"
#include "transcoders/weights/json.h"
#include "transcoders/weights/printable_name.h"

namespace circuit {
namespace {

struct Module {
  std::string_view after;   ///< of the layer's number, in the folder's name
  PlaceKind reads, writes;  ///< a transcoder's input and output
  PlaceKind of;             ///< what an SAE of it sees
};

// `layers.3.mlp`, `h.3.mlp`, `model.layers.3`: hookpoints are modules, whose inputs and outputs are
// taken. A module's output is what the model adds where no norm follows it.
constexpr std::array<Module, 5> kModules{{
    {"", PlaceKind::kResidualPre, PlaceKind::kResidualPost, PlaceKind::kResidualPost},
    {".mlp", PlaceKind::kMlpIn, PlaceKind::kMlpOutRaw, PlaceKind::kMlpOut},
    {".self_attn", PlaceKind::kResidualPre, PlaceKind::kAttentionOut, PlaceKind::kAttentionOut},
    {".attn", PlaceKind::kResidualPre, PlaceKind::kAttentionOut, PlaceKind::kAttentionOut},
    {".attention", PlaceKind::kResidualPre, PlaceKind::kAttentionOut, PlaceKind::kAttentionOut},
}};

void set_places(const std::string& hookpoint, DictionaryDescription& described) {
  for (const char* list : {"layers.", "h."}) {
    const std::size_t at = hookpoint.rfind(list);
    if (at == std::string::npos || (at > 0 && hookpoint[at - 1] != '.')) continue;
    const char* end = hookpoint.data() + hookpoint.size();
    std::int64_t layer = -1;
    const auto [stop, error] =
        std::from_chars(hookpoint.data() + at + std::string_view(list).size(), end, layer);
    if (error != std::errc() || layer < 0) continue;
    const std::string_view after(stop, static_cast<std::size_t>(end - stop));
    for (const Module& module : kModules) {
      if (module.after != after) continue;
      described.reads = {described.is_sae ? module.of : module.reads, layer};
      described.writes = {described.is_sae ? module.of : module.writes, layer};
    }
  }
}

}  // namespace

std::optional<DictionaryDescription> describe_sparsify(const std::string& operation,
                                                       const std::filesystem::path& directory) {
  std::error_code ignored;
  const std::filesystem::path file = directory / "sae.safetensors";
  if (!std::filesystem::is_regular_file(file, ignored) ||
      !std::filesystem::is_regular_file(directory / "cfg.json", ignored)) {
    return std::nullopt;
  }
  const JsonFile config = JsonFile::open(operation, directory / "cfg.json");
  DictionaryDescription described;
  described.directory = directory;
  described.format = "sparsify";
  described.is_sae = !config.boolean("transcode").value_or(false);
  described.apply_b_dec_to_input = described.is_sae;
  described.hook_text = directory_name(directory);
  set_places(described.hook_text, described);
  LayerLayout& layout = described.layout;
  layout.encoder_file = layout.decoder_file = file;
  layout.encoder = "encoder.weight";
  layout.encoder_bias = "encoder.bias";
  layout.decoder_bias = "b_dec";
  layout.decoder = "W_dec";
  if (!described.is_sae) layout.skip = "W_skip";
  ActivationChoice& activation = described.activation;
  activation.said_in = config.path();
  activation.k = config.require_integer("k");
  const std::string kind = config.text("activation").value_or("topk");
  if (kind != "topk" && kind != "groupmax") {
    fail_format(operation, config.path(),
                "activation is " + printable_name(kind) + ", expected topk or groupmax");
  }
  if (config.boolean("signed").value_or(false)) {
    fail_format(operation, config.path(), "signed is true: TopK of magnitudes is not supported");
  }
  if (*activation.k < 1) {
    fail_format(operation, config.path(),
                "k is " + std::to_string(*activation.k) + ", expected a whole number > 0");
  }
  activation.kind = kind == "topk" ? ActivationKind::kTopK : ActivationKind::kGroupMax;
  activation.topk_relu = kind == "topk";
  return described;
}

}  // namespace circuit
