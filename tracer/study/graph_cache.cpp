#include "tracer/study/graph_cache.h"

#include <exception>
#include <stdexcept>
#include <utility>
#include <variant>

#include <nlohmann/json.hpp>

#include "export/file/graph_file.h"
#include "export/names/slug.h"
#include "graph/scores.h"
#include "tracer/study/place_text.h"
#include "tracer/study/roles.h"
#include "transcoders/weights/content_hash.h"

namespace circuit {
namespace {

using Json = nlohmann::json;

std::string dump(const Json& json) {
  return json.dump(-1, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
}

}  // namespace

std::string prompt_json(const PromptInput& prompt) {
  Json messages = Json::array();
  if (prompt.chat) {
    for (const ChatMessage& message : prompt.chat->messages) {
      const Json content = std::visit([](const auto& held) { return Json(held); }, message.content);
      messages.push_back({message.role, content});
    }
  }
  return dump({{"prompt", prompt.prompt},
               {"token_ids", prompt.token_ids ? Json(*prompt.token_ids) : Json()},
               {"chat", messages}});
}

GraphCache::GraphCache(std::filesystem::path folder, const StudyFile& study,
                       const std::vector<PromptEntry>& prompts, StudyModel& model)
    : folder_(std::move(folder)), study_(study), prompts_(prompts), model_(model) {
  const AttributionOptions& trace = study.trace;
  common_ = dump({{"model", model.model_hash()},
                  {"transcoders", model.transcoders_hash()},
                  {"max_logits", trace.targets.max_logits},
                  {"logit_prob", trace.targets.logit_probability},
                  {"max_features", trace.max_features},
                  {"batch_size", trace.batch_size},
                  {"update_interval", trace.update_interval},
                  {"zero_positions", trace.zero_positions.value_or(-1)}});
}

AttributionOptions GraphCache::options_of(const PromptEntry& prompt) const {
  AttributionOptions options = study_.trace;
  for (std::string& target : options.targets.named) {
    target = fill_places(target, {.from = &prompt});
  }
  if (options.targets.named.empty() && prompt.targets) options.targets.named = *prompt.targets;
  return options;
}

std::string GraphCache::key(std::size_t prompt) const {
  return text_hash(common_ + prompt_json(input_of(prompts_[prompt])) +
                   dump(options_of(prompts_[prompt]).targets.named));
}

std::vector<TracedFeature> GraphCache::make(std::size_t prompt) {
  const PromptEntry& entry = prompts_[prompt];
  const std::string name = slug(entry.name.value_or(entry.id)) + "-" + key(prompt);
  const std::filesystem::path path = folder_ / (name + ".graph.safetensors");
  if (std::filesystem::exists(path)) return traced_features(read_graph_file(path).graph);
  const AttributionGraph graph = model_.trace(input_of(entry), options_of(entry));
  ++traced_;
  std::filesystem::create_directories(folder_);
  write_graph_file(path, graph, nullptr, compute_scores(graph));
  return traced_features(graph);
}

void GraphCache::load(std::size_t prompt) {
  if (features_.contains(prompt) || errors_.contains(prompt)) return;
  try {
    features_.emplace(prompt, make(prompt));
  } catch (const std::exception& error) {
    errors_.emplace(prompt, "the graph of prompt " + prompts_[prompt].id + ": " + error.what());
  }
}

const std::vector<TracedFeature>& GraphCache::at(std::size_t prompt) const {
  const auto error = errors_.find(prompt);
  if (error != errors_.end()) throw std::runtime_error(error->second);
  return features_.at(prompt);
}

}  // namespace circuit
