// The names of special tokens that tokenizer_config.json or special_tokens_map.json give.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace circuit {

struct SpecialTokenNames {
  std::optional<std::string> bos, eos, pad;
};

/// Looks in `folder`; tokenizer_config.json counts first, and a null there settles the matter.
/// Missing files leave names undefined; throws std::runtime_error when one is damaged.
SpecialTokenNames read_special_token_names(const std::filesystem::path& folder);

}  // namespace circuit
