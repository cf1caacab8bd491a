// The chat template that lies beside a model's weights.
#pragma once

#include <filesystem>

#include "tracer/text/chat/chat_template.h"

namespace circuit {

/// Of a Hugging Face directory, or of the one that a tokenizer.json is in: chat_template.jinja,
/// else `chat_template` of tokenizer_config.json (a text, or of several the one named "default"),
/// else of chat_template.json. Special tokens are those of tokenizer_config.json and
/// special_tokens_map.json. Of a GGUF file the key tokenizer.chat_template, with the tokens that
/// its keys name. Throws std::runtime_error `[chat_template] …` when there is none and
/// when a file is damaged.
ChatTemplate load_chat_template(const std::filesystem::path& model);

/// Whether there is one, which may be damaged or beyond what is supported.
bool has_chat_template(const std::filesystem::path& model);

}  // namespace circuit
