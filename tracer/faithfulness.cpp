#include "tracer/faithfulness.h"

#include <stdexcept>
#include <utility>

#include <c10/core/InferenceMode.h>

#include "tracer/attribution/attribute.h"
#include "tracer/loaded_model.h"
#include "tracer/machine/threads.h"
#include "tracer/text/target_text.h"
#include "tracer/validity/faithfulness.h"

namespace circuit {

struct FaithfulnessTester::State {
  explicit State(const LoadOptions& load)
      : loaded(load),
        transcoders(load_transcoders(load.transcoders,
                                     {.dtype = scalar_type(load.dtype), .device = loaded.device})) {
    check_fit(loaded.model, *transcoders);
  }

  ReplacementRun run(std::span<const std::int32_t> ids) const {
    return run_replacement(loaded.model, *transcoders, ids);
  }

  std::int32_t token_of(const std::string& answer) const {
    if (!loaded.tokenizer) {
      throw std::runtime_error("[faithfulness] " + loaded.options.model.string() +
                               ": there is no tokenizer, expected one");
    }
    const TargetTokens tokens = parse_target(*loaded.tokenizer, answer);
    if (tokens.b) {
      throw std::invalid_argument("[faithfulness] the answer '" + answer +
                                  "' is a difference of two tokens, expected one token");
    }
    return tokens.a;
  }

  AttributionGraph trace(const ReplacementRun& run, std::int32_t answer, std::int32_t other,
                         std::int64_t max_features) const {
    const OutputTargets outputs = choose_targets(
        run, {.named = {"#" + std::to_string(answer) + "-#" + std::to_string(other)}},
        loaded.text());
    Attribution result = attribute(run, outputs, {.max_features = max_features});
    result.nodes.tokens = loaded.tokens_of(run.record.input_ids);
    return AttributionGraph(std::move(result.nodes), std::move(result.edges),
                            std::move(result.row_dropped), std::move(result.totals));
  }

  LoadedModel loaded;
  std::unique_ptr<TranscoderSet> transcoders;
  MeanValues means;
};

FaithfulnessTester::FaithfulnessTester(const LoadOptions& options) {
  const c10::InferenceMode inference;
  state_ = std::make_unique<State>(options);
}

FaithfulnessTester::~FaithfulnessTester() = default;
FaithfulnessTester::FaithfulnessTester(FaithfulnessTester&&) noexcept = default;
FaithfulnessTester& FaithfulnessTester::operator=(FaithfulnessTester&&) noexcept = default;

void FaithfulnessTester::add_to_means(const PromptInput& prompt) {
  const c10::InferenceMode inference;
  state_->means.add(state_->run(state_->loaded.encode(prompt).ids));
}

std::string FaithfulnessTester::find_obstacle(const CounterfactualPair& pair) const {
  const auto length = [&](const PromptInput& input) {
    return state_->loaded.encode(input).ids.size();
  };
  if (length(pair.prompt) != length(pair.counterfactual)) return "unequal lengths";
  try {
    const bool same = state_->token_of(pair.answer) == state_->token_of(pair.counterfactual_answer);
    return same ? "equal answers" : "";
  } catch (const std::invalid_argument&) {
    return "answers of several tokens";
  }
}

PairMeasures FaithfulnessTester::measure(const CounterfactualPair& pair,
                                         const FaithfulnessOptions& options) const {
  const c10::InferenceMode inference;
  const std::int32_t answer = state_->token_of(pair.answer);
  const std::int32_t other = state_->token_of(pair.counterfactual_answer);
  const ReplacementRun prompt = state_->run(state_->loaded.encode(pair.prompt).ids);
  const ReplacementRun counterfactual = state_->run(state_->loaded.encode(pair.counterfactual).ids);
  const PromptPair runs = {.prompt = prompt,
                           .counterfactual = counterfactual,
                           .answer = answer,
                           .counterfactual_answer = other};
  check_pair(runs);
  PairMeasures measures = measure_faithfulness(
      runs, state_->trace(prompt, answer, other, options.max_features),
      state_->means.positions() > 0 ? &state_->means : nullptr,
      {.pruning = options.pruning, .random_orders = options.random_orders, .seed = options.seed});
  measures.id = pair.id;
  return measures;
}

}  // namespace circuit
