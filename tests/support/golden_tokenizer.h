// The tokenizers of tests/golden/tokenizers, and what Hugging Face's library makes of random texts.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/random_texts.h"
#include "tracer/text/tokenizer.h"

namespace circuit::testing {

/// NAME.tokenizer.json.xz of the folder.
Tokenizer load_golden_tokenizer(const std::filesystem::path& folder, const std::string& name);

/// NAME.model of the folder, with NAME.CASE.json as its tokenizer_config.json; case "model" has
/// none.
Tokenizer load_golden_model(const std::filesystem::path& folder, const std::string& name,
                            const std::string& test_case);

/// The lines of NAME.random, each the hash of a hundred texts.
std::vector<std::string> read_random_hashes(const std::filesystem::path& folder,
                                            const std::string& name);

/// The same of our ids and decoded texts; tests/golden/make_random_ids.py says what is hashed.
std::string hash_random_texts(const Tokenizer& tokenizer, const RandomTexts& texts,
                              std::uint64_t line);

/// The same of ids alone, with the tokens around a text; make_model_ids.py says what is hashed.
std::string hash_random_ids(const Tokenizer& tokenizer, const RandomTexts& texts,
                            std::uint64_t line);

}  // namespace circuit::testing
