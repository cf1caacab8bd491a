// What the bytes of a prompt's files depend on, as one short text to compare.
#pragma once

#include <string>

#include "tracer/cli/engine.h"

namespace circuit::cli {

/// Hashes the model, the transcoders and the settings that all prompts share, once; not threads,
/// memory and place, on which no result depends.
class SettingsHash {
 public:
  /// Reads samples of the weights and the small files beside them. Throws std::runtime_error
  /// `[load_model] …`, `[load_transcoders] …` or `[content_hash] …`.
  explicit SettingsHash(const TraceRequest& common);

  /// 16 hexadecimal digits.
  std::string of(const ListedPrompt& prompt) const;

 private:
  std::string common_;
};

}  // namespace circuit::cli
