#include "tracer/cli/engine/load_warnings.h"

#include "tracer/inspect.h"

namespace circuit::cli {

void warn_of_other_model(const TraceRequest& request, const Tracer& tracer) {
  const LoadOptions& folders = request.load;
  const std::string other =
      find_other_model_name(tracer.model_name(), folders.model, folders.transcoders);
  if (other.empty()) return;
  request.warn("transcoders " + folders.transcoders.string() + " are for the model '" + other +
               "', given is '" + tracer.model_name() + "'");
}

void FirstTokenWarning::check(const PromptInput& prompt, const std::string& what,
                              const std::function<void(const std::string&)>& warn) {
  const auto& ids = prompt.token_ids;
  if (warned_ || !ids || ids->empty()) return;
  if (!tokenizer_) {
    if (!Tokenizer::is_at(model_)) return;
    tokenizer_.emplace(Tokenizer::load(model_));
  }
  if (tokenizer_->is_special(ids->front())) return;
  warned_ = true;
  warn(what + " with " + std::to_string(ids->front()) +
       ", which is no special token of this model: its first position carries no features");
}

}  // namespace circuit::cli
