#include "tracer/loaded_model.h"

#include <stdexcept>
#include <utility>

#include <ATen/ATen.h>

#include "tracer/attribution/targets.h"
#include "tracer/machine/device.h"
#include "tracer/text/chat/chat_template_file.h"
#include "tracer/text/chat/encode_chat.h"
#include "tracer/text/prompt.h"
#include "transcoders/weights/json.h"

namespace circuit {

LoadedModel::LoadedModel(const LoadOptions& load)
    : options(load),
      threads(load.threads),
      device(open_device(load.device)),
      model(load_model(load.model, scalar_type(load.dtype), device)) {
  set_device_precision(load.tf32);
  if (Tokenizer::is_at(load.model)) tokenizer.emplace(Tokenizer::load(load.model));
}

std::vector<std::string> LoadedModel::tokens_of(std::span<const std::int32_t> ids) const {
  std::vector<std::string> tokens;
  for (const std::int32_t id : ids) tokens.push_back(shown_token(text(), id));
  return tokens;
}

EncodedPrompt LoadedModel::encode(const PromptInput& input) const {
  if (input.token_ids) {
    const auto n = static_cast<std::int64_t>(input.token_ids->size());
    return {.ids = *input.token_ids, .text = "", .positions = positions_of_prompt(n)};
  }
  if (!tokenizer) {
    throw std::runtime_error("[encode_prompt] " + options.model.string() +
                             ": there is no tokenizer, expected tokenizer.json, tokenizer.model or "
                             "a GGUF file with one (or --token-ids)");
  }
  const PromptOptions start = start_options(input.bos);
  if (input.chat) {
    EncodedChat chat =
        encode_chat(*tokenizer, load_chat_template(options.model), *input.chat, start);
    return {.ids = std::move(chat.ids), .text = std::move(chat.text), .positions = chat.positions};
  }
  std::vector<std::int32_t> ids = encode_prompt(*tokenizer, input.prompt, start);
  const auto n = static_cast<std::int64_t>(ids.size());
  return {.ids = std::move(ids), .text = input.prompt, .positions = positions_of_prompt(n)};
}

std::vector<std::int32_t> end_ids(const LoadedModel& loaded) {
  std::vector<std::int32_t> ids;
  if (loaded.tokenizer && loaded.tokenizer->special_tokens().eos) {
    ids.push_back(*loaded.tokenizer->special_tokens().eos);
  }
  const std::filesystem::path path = loaded.options.model / "generation_config.json";
  if (!std::filesystem::exists(path)) return ids;
  const JsonFile file = JsonFile::open("load_model", path);
  for (const std::int64_t id : file.integers("eos_token_id")) {
    ids.push_back(static_cast<std::int32_t>(id));
  }
  return ids;
}

at::ScalarType scalar_type(ComputeType type) {
  switch (type) {
    case ComputeType::kF32:
      return at::kFloat;
    case ComputeType::kF64:
      return at::kDouble;
    case ComputeType::kBF16:
      return at::kBFloat16;
  }
  return at::kFloat;
}

}  // namespace circuit
