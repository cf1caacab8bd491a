#include "tests/support/golden_case.h"

#include <cstring>
#include <optional>
#include <stdexcept>
#include <utility>

#include "transcoders/weights/json.h"
#include "transcoders/weights/safetensors.h"

namespace circuit::testing {
namespace {

template <typename T>
constexpr Dtype kDtypeOf = Dtype::kU8;
template <>
constexpr Dtype kDtypeOf<float> = Dtype::kF32;
template <>
constexpr Dtype kDtypeOf<std::int32_t> = Dtype::kI32;

template <typename T>
std::vector<T> read(const SafetensorsFile& file, std::string_view name) {
  const TensorView& view = file.view(name);
  if (view.dtype != kDtypeOf<T>) {
    throw std::runtime_error("[load_golden_case] " + file.path().string() + ": " +
                             std::string(name) + " is " + std::string(name_of(view.dtype)));
  }
  std::vector<T> values(view.bytes.size() / sizeof(T));
  std::memcpy(values.data(), view.bytes.data(), view.bytes.size());
  return values;
}

std::vector<ActiveFeature> read_features(const SafetensorsFile& file) {
  const std::vector<std::int32_t> values = read<std::int32_t>(file, "active_features");
  std::vector<ActiveFeature> features;
  for (std::size_t i = 0; i + 2 < values.size(); i += 3) {
    features.push_back({values[i], values[i + 1], values[i + 2]});
  }
  return features;
}

void read_settings(const std::filesystem::path& path, GoldenCase& golden) {
  const JsonFile settings = JsonFile::open("load_golden_case", path);
  golden.prompt = settings.text("prompt").value();
  golden.model = settings.text("model").value();
  golden.max_n_logits = settings.require_integer("attribution.max_n_logits");
  golden.desired_logit_prob = settings.require_number("attribution.desired_logit_prob");
  golden.batch_size = settings.require_integer("attribution.batch_size");
  golden.update_interval = settings.require_integer("attribution.update_interval");
  golden.node_threshold = settings.require_number("prune.node_threshold");
  golden.edge_threshold = settings.require_number("prune.edge_threshold");
}

void read_tensors(const SafetensorsFile& file, GoldenCase& golden) {
  golden.input_ids = read<std::int32_t>(file, "input_ids");
  golden.logits = read<float>(file, "logits");
  golden.active_features = read_features(file);
  golden.activation_values = read<float>(file, "activation_values");
  golden.selected_features = read<std::int32_t>(file, "selected_features");
  golden.adjacency = read<float>(file, "adjacency");
  golden.logit_token_ids = read<std::int32_t>(file, "logit_token_ids");
  golden.logit_probabilities = read<float>(file, "logit_probabilities");
  golden.node_mask = read<std::uint8_t>(file, "node_mask");
  golden.edge_mask = read<std::uint8_t>(file, "edge_mask");
  golden.node_cumulative_influence = read<float>(file, "node_cumulative_influence");
  golden.scores = read<float>(file, "scores");
}

}  // namespace

GoldenCase load_golden_case(const std::filesystem::path& golden_dir, std::string_view name,
                            std::string_view graph) {
  const std::filesystem::path directory = golden_dir / name;
  GoldenCase golden;
  read_settings(directory / "case.json", golden);
  golden.model = golden_dir / golden.model;
  golden.transcoders = directory / "transcoder";
  if (graph == "capped") golden.max_feature_nodes = 60;  // tests/golden/README.md
  read_tensors(SafetensorsFile::open(directory / ("graph-" + std::string(graph) + ".safetensors")),
               golden);

  // N = s + L n + n + m tells the number of layers.
  const std::size_t n = golden.input_ids.size();
  const std::size_t others = golden.selected_features.size() + n + golden.logit_token_ids.size();
  golden.n_layers = static_cast<std::int32_t>((golden.node_mask.size() - others) / n);
  golden.vocabulary = golden.logits.size() / n;
  return golden;
}

AttributionGraph graph_of(const GoldenCase& golden) {
  GraphNodes nodes{.n_layers = golden.n_layers,
                   .input_ids = golden.input_ids,
                   .tokens = {},
                   .active_features = golden.active_features,
                   .activation_values = golden.activation_values,
                   .selected_features = golden.selected_features,
                   .targets = {}};
  for (const std::int32_t id : golden.input_ids) nodes.tokens.push_back("#" + std::to_string(id));
  for (std::size_t i = 0; i < golden.logit_token_ids.size(); ++i) {
    const std::int32_t id = golden.logit_token_ids[i];
    nodes.targets.push_back({.kind = TargetKind::kToken,
                             .token_id = id,
                             .probability = golden.logit_probabilities[i],
                             .label = "#" + std::to_string(id),
                             .display = "#" + std::to_string(id)});
  }
  return {std::move(nodes), compress(golden.adjacency, golden.n_nodes())};
}

}  // namespace circuit::testing
