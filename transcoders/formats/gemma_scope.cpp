#include "transcoders/formats/gemma_scope.h"

#include <charconv>
#include <system_error>

#include "transcoders/weights/json.h"
#include "transcoders/weights/printable_name.h"

namespace circuit {
namespace {

constexpr const char* kFormat = "Gemma Scope";
constexpr const char* kFormat2 = "Gemma Scope 2";

/// "layer_7" or "layer_7_width_16k": 7.
std::optional<std::int64_t> layer_in(const std::string& name) {
  constexpr std::string_view kPrefix = "layer_";
  if (!name.starts_with(kPrefix)) return std::nullopt;
  std::int64_t layer = -1;
  const char* begin = name.data() + kPrefix.size();
  const auto [stop, error] = std::from_chars(begin, name.data() + name.size(), layer);
  const bool ends = stop == name.data() + name.size() || *stop == '_';
  if (error != std::errc() || !ends || layer < 0) return std::nullopt;
  return layer;
}

/// What the names of the folders down to a dictionary tell.
struct FolderNames {
  std::optional<std::int64_t> layer;
  std::string kind;  ///< "transcoder", "-res", "-mlp", "-att", or empty
};

/// Whether `word` stands in the name as a whole: "-res" in "…-pt-res" and "…-pt-res-canonical".
bool has_word(const std::string& name, std::string_view word) {
  const std::size_t at = name.find(word);
  if (at == std::string::npos) return false;
  const std::size_t end = at + word.size();
  return end == name.size() || name[end] == '-';
}

std::string kind_of_folder(const std::string& name) {
  if (name.find("transcoder") != std::string::npos) return "transcoder";
  if (name.find("gemma-scope") == std::string::npos) return {};
  for (const char* word : {"-res", "-mlp", "-att"}) {
    if (has_word(name, word)) return word;
  }
  return {};
}

FolderNames read_folder_names(const std::filesystem::path& directory) {
  FolderNames names;
  std::error_code error;
  const std::filesystem::path whole = std::filesystem::weakly_canonical(directory, error);
  for (const std::filesystem::path& part : error ? directory : whole) {
    const std::string name = part.string();
    if (const auto layer = layer_in(name)) names.layer = layer;
    if (const std::string kind = kind_of_folder(name); !kind.empty()) names.kind = kind;
  }
  return names;
}

LayerLayout jump_relu_layout(const std::filesystem::path& file, const std::string& encoder,
                             const std::string& decoder) {
  LayerLayout layout;
  layout.encoder_file = layout.decoder_file = file;
  layout.encoder = encoder;
  layout.encoder_bias = "b_enc";
  layout.decoder_bias = "b_dec";
  layout.threshold = "threshold";
  layout.decoder = decoder;
  layout.encoder_transposed = true;
  return layout;
}

ActivationChoice jump_relu_said_in(const std::filesystem::path& file) {
  ActivationChoice choice;
  choice.said_in = file;
  choice.kind = ActivationKind::kJumpRelu;
  choice.threshold_relu = true;
  return choice;
}

bool is_file(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::is_regular_file(path, ignored);
}

}  // namespace

LayerLayout gemma_scope_layout(const std::filesystem::path& file) {
  return jump_relu_layout(file, "W_enc", "W_dec");
}

LayerLayout gemma_scope_2_layout(const std::filesystem::path& file) {
  LayerLayout layout = jump_relu_layout(file, "w_enc", "w_dec");
  layout.skip = "affine_skip_connection";
  layout.skip_transposed = true;
  return layout;
}

std::optional<DictionaryDescription> describe_gemma_scope(const std::filesystem::path& directory) {
  const std::filesystem::path file = directory / "params.npz";
  if (!is_file(file)) return std::nullopt;
  DictionaryDescription described;
  described.directory = directory;
  described.format = kFormat;
  described.layout = gemma_scope_layout(file);
  described.activation = jump_relu_said_in(file);
  const FolderNames names = read_folder_names(directory);
  described.is_sae = !names.kind.empty() && names.kind != "transcoder";
  if (!names.layer) return described;
  const auto place = [&names](PlaceKind kind) {
    return HookPlace{.kind = kind, .layer = *names.layer};
  };
  if (names.kind == "-res") {
    described.reads = described.writes = place(PlaceKind::kResidualPost);
  } else if (names.kind == "-mlp") {
    described.reads = described.writes = place(PlaceKind::kMlpOut);
  } else if (names.kind == "-att") {
    described.hook_text = "the input of attention's output matrix";
  } else {
    described.reads = place(PlaceKind::kNormalized);
    described.writes = place(PlaceKind::kMlpOut);
  }
  return described;
}

std::optional<DictionaryDescription> describe_gemma_scope_2(
    const std::string& operation, const std::filesystem::path& directory) {
  const std::filesystem::path file = directory / "params.safetensors";
  if (!is_file(file)) return std::nullopt;
  const JsonFile config = JsonFile::open(operation, directory / "config.json");
  const std::string architecture = config.text("architecture").value_or("");
  if (architecture != "jump_relu") {
    fail_format(operation, config.path(),
                "architecture is " + printable_name(architecture) + ", expected jump_relu");
  }
  DictionaryDescription described;
  described.directory = directory;
  described.format = kFormat2;
  described.model_name = config.text("model_name").value_or("");
  described.layout = gemma_scope_2_layout(file);
  described.activation = jump_relu_said_in(file);
  const std::string reads = config.text("hf_hook_point_in").value_or("");
  const std::string writes = config.text("hf_hook_point_out").value_or(reads);
  described.hook_text = reads;
  described.reads = parse_hook_place(reads);
  described.writes = parse_hook_place(writes);
  described.is_sae = reads == writes;
  return described;
}

std::vector<LayerLayout> gemma_scope_2_clt_layouts(
    const std::vector<std::filesystem::path>& files) {
  std::vector<LayerLayout> layouts;
  for (std::size_t layer = 0; layer < files.size(); ++layer) {
    LayerLayout layout = gemma_scope_2_layout(files[layer]);
    layout.first_written = static_cast<std::int64_t>(layer);
    layout.n_written = static_cast<std::int64_t>(files.size() - layer);
    layouts.push_back(std::move(layout));
  }
  return layouts;
}

std::optional<SetDescription> describe_gemma_scope_2_clt(const std::filesystem::path& directory) {
  const std::string prefix = "params_layer_";
  if (!is_file(directory / (prefix + "0.safetensors"))) return std::nullopt;
  std::vector<std::filesystem::path> files;
  const std::int64_t n_layers = count_layer_files(directory, prefix);
  for (std::int64_t layer = 0; layer < n_layers; ++layer) {
    files.push_back(directory / (prefix + std::to_string(layer) + ".safetensors"));
  }
  SetDescription described;
  described.format = kFormat2;
  described.cross_layer = true;
  described.read_site = ReadSite::kMlpIn;
  described.write_site = WriteSite::kMlpOut;
  if (is_file(directory / "config.json")) {
    described.model_name = JsonFile::open("load_transcoders", directory / "config.json")
                               .text("model_name")
                               .value_or("");
  }
  described.layouts = gemma_scope_2_clt_layouts(files);
  described.activation = jump_relu_said_in(directory);
  return described;
}

}  // namespace circuit
