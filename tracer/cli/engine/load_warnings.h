// What is odd about a model, its transcoders and a prompt, but no reason to stop.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "tracer/cli/engine.h"
#include "tracer/text/tokenizer.h"

namespace circuit::cli {

/// Warns when the transcoders say that they are for a model of another name.
void warn_of_other_model(const TraceRequest& request, const Tracer& tracer);

/// Warns once when ids that are taken as given begin with no special token.
class FirstTokenWarning {
 public:
  explicit FirstTokenWarning(std::filesystem::path model) : model_(std::move(model)) {}

  /// `what` names the ids in the message: `--token-ids begin`.
  void check(const PromptInput& prompt, const std::string& what,
             const std::function<void(const std::string&)>& warn);

 private:
  std::filesystem::path model_;
  std::optional<Tokenizer> tokenizer_;  // loaded for the first ids
  bool warned_ = false;
};

}  // namespace circuit::cli
