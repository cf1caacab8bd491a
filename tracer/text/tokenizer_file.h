// Reads a Hugging Face tokenizer.json into the stages that the tokenizer runs.
#pragma once

#include <filesystem>

#include "tracer/text/json_value.h"
#include "tracer/text/tokenizer_parts.h"

namespace circuit {

/// Throws std::runtime_error naming the file, the key and what was found there.
TokenizerParts read_tokenizer_file(const std::filesystem::path& file);

/// The stage `model` of the file; `model` is that member.
TokenModel read_model(const JsonValue& model);

/// The stage `normalizer`; `root` is the whole file.
Normalizer read_normalizer(const JsonValue& root);

/// The stage `pre_tokenizer`; `root` is the whole file.
PreTokenizer read_pre_tokenizer(const JsonValue& root);

}  // namespace circuit
