#include "tracer/cli/engine/settings_hash.h"

#include <array>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

#include "export/outputs.h"
#include "tracer/inspect.h"
#include "tracer/version.h"
#include "transcoders/weights/content_hash.h"
#include "transcoders/weights/directory_name.h"
#include "transcoders/weights/gguf.h"
#include "transcoders/weights/safetensors.h"

namespace circuit::cli {
namespace {

using Json = nlohmann::json;

std::string text_of(const Json& json) {
  return json.dump(-1, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
}

// Beside the weights: what decides on shapes, ids and texts.
std::string hash_small_files(const std::filesystem::path& folder,
                             const std::vector<const char*>& names) {
  std::vector<std::filesystem::path> files;
  for (const char* const name : names) {
    if (std::filesystem::exists(folder / name)) files.push_back(folder / name);
  }
  return content_hash(files);
}

Json model_settings(const std::filesystem::path& folder) {
  if (GgufFile::recognises(folder)) {
    return {{"name", folder.filename().string()}, {"weights", content_hash(std::array{folder})}};
  }
  if (!std::filesystem::is_directory(folder)) {
    throw std::runtime_error(
        "[load_model] " + folder.string() +
        ": no such directory, expected a Hugging Face model directory or a GGUF file");
  }
  std::vector<std::filesystem::path> weights;
  const WeightArchive archive = WeightArchive::open(folder);
  for (const SafetensorsFile& file : archive.files()) weights.push_back(file.path());
  return {{"name", directory_name(folder)},
          {"weights", content_hash(weights)},
          {"other", hash_small_files(folder, {"config.json", "tokenizer.json", "tokenizer.model",
                                              "tokenizer_config.json", "special_tokens_map.json",
                                              "chat_template.jinja", "chat_template.json"})}};
}

Json transcoder_settings(const std::filesystem::path& folder) {
  const TranscodersDescription described = describe_transcoders(folder, {.counted_bytes = 0});
  return {{"name", directory_name(folder)},
          {"weights", described.hash},
          {"activation", described.activation},
          {"hooks", described.read_site + " " + described.write_site},
          {"folded", described.rescaled},
          {"other", hash_small_files(folder, {"config.yaml"})}};
}

Json chat_settings(const std::optional<Chat>& chat) {
  if (!chat) return {};
  Json messages = Json::array();
  for (const ChatMessage& message : chat->messages) {
    const Json content = std::visit([](const auto& held) { return Json(held); }, message.content);
    messages.push_back({message.role, content});
  }
  return {{"messages", messages}, {"ending", static_cast<int>(chat->ending)}, {"date", chat->date}};
}

/// Nothing of what is as without these options, so that older marks hold.
void add_targets(const TargetOptions& options, Json& settings) {
  if (options.position) settings["target-position"] = *options.position;
  for (const FeatureTarget& target : options.features) {
    settings["target-feature"].push_back(
        {target.layer, target.feature, target.position, target.weight});
  }
  for (const VectorTarget& target : options.vectors) {
    settings["target-vector"].push_back({target.label, target.vector, target.weight});
  }
}

Json attribution_settings(const AttributionOptions& options) {
  Json settings = {
      {"max-logits", options.targets.max_logits},
      {"logit-prob", options.targets.logit_probability},
      {"max-features", options.max_features},
      {"similarity", options.similarity},
      {"batch-size", options.batch_size},
      {"update-interval", options.update_interval},
      {"zero-positions", options.zero_positions ? Json(*options.zero_positions) : Json()}};
  add_targets(options.targets, settings);
  return settings;
}

Json detail_settings(const DetailOptions& options) {
  Json settings = {{"per-head", options.per_head}, {"qk", options.qk}};
  if (options.qk) {
    settings["qk-share"] = options.qk_share;
    settings["qk-top"] = options.table.top;
  }
  return settings;
}

Json output_settings(const TraceRequest& common) {
  Json formats = Json::array();
  for (const OutputFormat format : parse_formats(common.output.formats)) {
    formats.push_back(static_cast<int>(format));
  }
  Json settings = {{"formats", formats},
                   {"max-edges", common.output.picture.most_edges},
                   {"graph", common.save_graph},
                   {"labels", common.labels ? text_hash(labels_jsonl(*common.labels)) : ""},
                   {"node-threshold", common.pruning.node_threshold},
                   {"edge-threshold", common.pruning.edge_threshold},
                   {"keep-errors", common.pruning.keep_errors},
                   {"max-nodes", common.pruning.max_nodes},
                   {"edge-rule", static_cast<int>(common.pruning.edge_rule)}};
  if (!common.features.empty()) settings["features"] = content_hash(std::array{common.features});
  if (common.labels) settings["labels"] = text_hash(labels_jsonl(*common.labels));
  return settings;
}

}  // namespace

SettingsHash::SettingsHash(const TraceRequest& common)
    : common_(text_of({{"version", kVersion},
                       {"model", model_settings(common.load.model)},
                       {"transcoders", transcoder_settings(common.load.transcoders)},
                       {"dtype", static_cast<int>(common.load.dtype)},
                       {"attribution", attribution_settings(common.attribution)},
                       {"attention", detail_settings(common.attention)},
                       {"output", output_settings(common)}})) {}

std::string SettingsHash::of(const ListedPrompt& prompt) const {
  const PromptInput& input = prompt.prompt;
  const Json own = {{"name", prompt.name},
                    {"prompt", input.prompt},
                    {"token_ids", input.token_ids ? Json(*input.token_ids) : Json()},
                    {"chat", chat_settings(input.chat)},
                    {"bos", input.bos},
                    {"targets", prompt.targets}};
  return text_hash(common_ + text_of(own));
}

}  // namespace circuit::cli
