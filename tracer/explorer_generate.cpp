#include <algorithm>
#include <chrono>
#include <deque>
#include <memory>
#include <utility>

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include "tracer/explorer.h"
#include "tracer/explorer_state.h"
#include "tracer/generate/generate.h"
#include "tracer/intervention/changed_run.h"
#include "tracer/model/live_forward.h"
#include "tracer/prompt_run.h"
#include "tracer/text/growing_text.h"

namespace circuit {
namespace {

using Write = std::function<void(const std::string&)>;

bool is_empty(const Intervention& intervention) {
  return intervention.edits.empty() && intervention.steering.empty() && intervention.swaps.empty();
}

// A prompt that is read with an intervention.
struct ChangedPrompt {
  ChangedPrompt(const Explorer::State& state, const PromptInput& input,
                const GenerateOptions& options)
      : run(state, input, options.zero_positions),
        sae(state.sae.get()),
        placed(run.placer.place(options.intervention, warnings)),
        reading(run.clean, sae, placed) {}

  std::shared_ptr<SiteVisitor> visitor_of_a_stream() const {
    const auto changes = std::make_shared<PlacedChanges>(run.clean, sae, placed);
    return {changes, &changes->visitor()};
  }

  PromptRun run;
  const Sae* sae;
  std::vector<std::string> warnings;
  PlacedIntervention placed;
  PlacedChanges reading;
};

// Prompts as they are to be read. What they refer to is here too.
struct Prompts {
  std::vector<GenerationPrompt> read;
  std::deque<ChangedPrompt> changed;               // addresses stay
  std::vector<std::vector<std::string>> warnings;  // [prompts]
};

void add_prompt(const Explorer::State& state, const PromptInput& input,
                const GenerateOptions& options, Prompts& prompts) {
  if (is_empty(options.intervention)) {
    prompts.read.push_back({.ids = state.loaded.encode(input).ids});
    prompts.warnings.emplace_back();
    return;
  }
  const ChangedPrompt& changed = prompts.changed.emplace_back(state, input, options);
  prompts.read.push_back({.ids = changed.run.prompt.ids,
                          .reading = changed.reading.options(LogitPositions::kLast),
                          .visitor = [&changed] { return changed.visitor_of_a_stream(); }});
  prompts.warnings.push_back(changed.warnings);
}

GenerationReport report_of(const LoadedModel& loaded, const std::vector<std::int32_t>& prompt,
                           const std::vector<GeneratedToken>& tokens, const GrowingText& text,
                           const GenerateOptions& options) {
  GenerationReport report;
  report.prompt_ids = prompt;
  for (const GeneratedToken& token : tokens) {
    report.ids.push_back(token.id);
    report.probabilities.push_back(token.probability);
  }
  report.tokens = loaded.tokens_of(report.ids);
  report.text = text.text();
  const auto count = static_cast<std::int64_t>(tokens.size());
  const bool full =
      static_cast<std::int64_t>(prompt.size()) + count > loaded.model.config.max_positions;
  report.end = text.is_stopped()             ? "stop text"
               : count == options.max_tokens ? "max tokens"
               : full                        ? "no position left"
                                             : "end token";
  return report;
}

// `samples` texts of each of the prompts, the first drawn with the options' seed.
std::vector<GenerationReport> write_together(const Explorer::State& state,
                                             std::span<const PromptInput> inputs,
                                             std::int64_t samples, const GenerateOptions& options,
                                             const Write& write) {
  const LoadedModel& loaded = state.loaded;
  Prompts prompts;
  for (const PromptInput& input : inputs) add_prompt(state, input, options, prompts);
  std::deque<GrowingText> texts;  // addresses stay
  std::vector<GenerationStream> streams;
  for (std::size_t prompt = 0; prompt < inputs.size(); ++prompt) {
    for (std::int64_t i = 0; i < samples; ++i) {
      GrowingText& text = texts.emplace_back(loaded.text(), options.stop);
      SamplingOptions sampling = options.sampling;
      sampling.seed += streams.size();
      const auto accept = [&text, &write](const GeneratedToken& token) {
        const std::string piece = text.add(token.id);
        if (write && !piece.empty()) write(piece);
        return !text.is_stopped();
      };
      streams.push_back({.prompt = prompt, .sampling = sampling, .accept = accept});
    }
  }
  const std::vector<std::int32_t> ends = end_ids(loaded);
  const auto tokens = generate(loaded.model, prompts.read, streams,
                               {.max_tokens = options.max_tokens, .end_ids = ends});
  std::vector<GenerationReport> reports;
  for (std::size_t i = 0; i < streams.size(); ++i) {
    const std::string rest = texts[i].finish();
    if (write && !rest.empty()) write(rest);
    const std::size_t prompt = streams[i].prompt;
    reports.push_back(report_of(loaded, prompts.read[prompt].ids, tokens[i], texts[i], options));
    reports.back().warnings = prompts.warnings[prompt];
  }
  return reports;
}

// Of a batch, as many prompts at a time as are written together.
std::vector<GenerationReport> write_all(const Explorer::State& state,
                                        std::span<const PromptInput> inputs, std::int64_t samples,
                                        GenerateOptions options, const Write& write) {
  const c10::InferenceMode inference;
  const auto started = std::chrono::steady_clock::now();
  std::vector<GenerationReport> reports;
  const auto prompts_together = static_cast<std::size_t>(
      std::max<std::int64_t>(1, LiveForward::kMostStreams / std::max<std::int64_t>(1, samples)));
  while (!inputs.empty()) {
    const auto count = std::min(prompts_together, inputs.size());
    for (auto& report : write_together(state, inputs.first(count), samples, options, write)) {
      reports.push_back(std::move(report));
    }
    options.sampling.seed += count * static_cast<std::size_t>(samples);
    inputs = inputs.subspan(count);
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
  for (GenerationReport& report : reports) report.seconds = took.count();
  return reports;
}

}  // namespace

GenerationReport Explorer::generate(const PromptInput& input, const GenerateOptions& options,
                                    const Write& write) const {
  return std::move(write_all(*state_, {&input, 1}, /*samples=*/1, options, write).front());
}

std::vector<GenerationReport> Explorer::generate_batch(const std::vector<PromptInput>& prompts,
                                                       std::int64_t samples,
                                                       const GenerateOptions& options) const {
  return write_all(*state_, prompts, samples, options, {});
}

}  // namespace circuit
