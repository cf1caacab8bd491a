// The tokenizers of tests/golden/tokenizers, and what Hugging Face's library makes of random texts.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/random_texts.h"
#include "tracer/text/tokenizer.h"

namespace circuit::testing {

/// NAME.tokenizer.json.gz of the folder.
Tokenizer load_golden_tokenizer(const std::filesystem::path& folder, const std::string& name);

/// The lines of NAME.random, each the hash of a hundred texts.
std::vector<std::string> read_random_hashes(const std::filesystem::path& folder,
                                            const std::string& name);

/// The same of our ids and decoded texts; tests/golden/make_random_ids.py says what is hashed.
std::string hash_random_texts(const Tokenizer& tokenizer, const RandomTexts& texts,
                              std::uint64_t line);

}  // namespace circuit::testing
