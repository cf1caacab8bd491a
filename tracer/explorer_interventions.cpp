#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <stdexcept>
#include <utility>

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include "tracer/attribution/targets.h"
#include "tracer/explorer.h"
#include "tracer/explorer_state.h"
#include "tracer/intervention/changed_run.h"
#include "tracer/machine/threads.h"
#include "tracer/prompt_run.h"
#include "transcoders/product.h"

namespace circuit {
namespace {

bool is_empty(const Intervention& intervention) {
  return intervention.edits.empty() && intervention.steering.empty() && intervention.swaps.empty();
}

std::vector<FiringFeature> firing(const std::vector<at::Tensor>& activations) {
  std::vector<FiringFeature> all;
  for (std::size_t layer = 0; layer < activations.size(); ++layer) {
    const at::Tensor values = activations[layer].to(at::kCPU).to(at::kFloat).contiguous();
    const at::Tensor places = values.nonzero().contiguous();  // [k, 2], position, then feature
    const std::int64_t* place = places.data_ptr<std::int64_t>();
    const float* value = values.data_ptr<float>();
    for (std::int64_t i = 0; i < places.size(0); ++i) {
      const std::int64_t position = place[2 * i], feature = place[2 * i + 1];
      all.push_back({.layer = static_cast<std::int64_t>(layer),
                     .position = position,
                     .feature = feature,
                     .activation = value[position * values.size(1) + feature]});
    }
  }
  return all;
}

// Activations of pre-activations, 0 where the prompt's first positions are.
std::vector<at::Tensor> activate(const CleanRun& clean, const std::vector<at::Tensor>& pre) {
  std::vector<at::Tensor> all;
  for (std::size_t layer = 0; layer < pre.size(); ++layer) {
    at::Tensor values =
        clean.transcoders->activate(static_cast<std::int64_t>(layer), pre[layer]).clone();
    values.narrow(0, 0, std::min(clean.zero_positions, values.size(0))).zero_();
    all.push_back(values);
  }
  return all;
}

void take_logits(const at::Tensor& logits, bool all_positions, Outcome& outcome) {
  const at::Tensor rows =
      (all_positions ? logits : logits.narrow(0, logits.size(0) - 1, 1)).to(at::kCPU);
  const at::Tensor values = rows.to(at::kFloat).contiguous();
  const float* data = values.data_ptr<float>();
  outcome.logits.assign(data, data + values.numel());
  outcome.vocabulary_size = values.size(1);
}

}  // namespace

std::vector<Outcome> Explorer::outcomes(const PromptInput& input,
                                        const std::vector<Intervention>& interventions,
                                        const OutcomeOptions& options) const {
  const c10::InferenceMode inference;
  if (options.activations && !state_->transcoders) {
    throw std::invalid_argument("[outcomes] activations are those of transcoders, there are none");
  }
  PromptRun run(*state_, input, options.zero_positions);
  std::vector<Outcome> outcomes(interventions.size());
  std::vector<PlacedIntervention> placed;
  for (std::size_t i = 0; i < interventions.size(); ++i) {
    placed.push_back(run.placer.place(interventions[i], outcomes[i].warnings));
  }
  const auto positions = options.all_positions ? LogitPositions::kAll : LogitPositions::kLast;
  const auto change = [&](std::size_t i) {
    if (is_empty(interventions[i])) {
      take_logits(run.clean.record.logits, options.all_positions, outcomes[i]);
      if (options.activations) outcomes[i].activations = firing(run.clean.activations);
      return;
    }
    const ChangedRun changed =
        run_changed(run.clean, state_->sae.get(), placed[i], positions, options.activations);
    take_logits(changed.logits, options.all_positions, outcomes[i]);
    if (options.activations) {
      outcomes[i].activations = firing(activate(run.clean, changed.pre_activations));
    }
  };
  if (state_->loaded.model.device().is_cpu()) {
    parallel_tasks(interventions.size(), change);
  } else {
    for (std::size_t i = 0; i < interventions.size(); ++i) change(i);
  }
  return outcomes;
}

double Explorer::written_norm(const std::vector<FeatureChange>& changes) const {
  const c10::InferenceMode inference;
  state_->features();
  std::map<std::pair<std::int64_t, std::int64_t>, at::Tensor> written;  // (layer, position)
  for (const FeatureChange& change : changes) {
    const at::Tensor feature = at::tensor({change.feature});
    const at::Tensor rows =  // [layers written, d_model]
        (state_->sae ? state_->sae->decoder_rows(feature)
                     : state_->transcoders->decoder_rows(change.layer, feature)[0])
            .to(at::kDouble);
    for (std::int64_t step = 0; step < rows.size(0); ++step) {
      at::Tensor& sum = written[{change.layer + step, change.position}];
      const at::Tensor row = rows[step] * change.amount;
      sum = sum.defined() ? sum + row : row;
    }
  }
  double squares = 0;
  for (const auto& [place, sum] : written) squares += sum.square().sum().item<double>();
  return std::sqrt(squares);
}

InterventionReport Explorer::intervene(const PromptInput& input,
                                       const InterventionOptions& options) const {
  const c10::InferenceMode inference;
  PromptRun run(*state_, input, options.zero_positions);
  InterventionReport report;
  report.ids = run.prompt.ids;
  report.tokens = state_->loaded.tokens_of(run.prompt.ids);
  const PlacedIntervention placed = run.placer.place(options.intervention, report.warnings);
  const at::Tensor changed = run_changed(run.clean, state_->sae.get(), placed).logits;
  const auto log_probabilities = [](const at::Tensor& logits) {
    return logits.select(0, logits.size(0) - 1).to(at::kCPU).to(at::kDouble).log_softmax(0);
  };
  const at::Tensor before = log_probabilities(run.clean.record.logits);
  const at::Tensor after = log_probabilities(changed);
  report.kl = (before.exp() * (before - after)).sum().item<double>();
  std::set<std::int64_t> shown;
  for (const at::Tensor& side : {before, after}) {
    const at::Tensor ids = std::get<1>(side.topk(std::min(options.top, side.size(0))));
    for (std::int64_t i = 0; i < ids.size(0); ++i) shown.insert(ids[i].item<std::int64_t>());
  }
  for (const std::int64_t id : shown) {
    const double b = before[id].item<double>(), a = after[id].item<double>();
    const auto log_odds = [](double log_p) { return log_p - std::log(-std::expm1(log_p)); };
    report.outputs.push_back(
        {.id = static_cast<std::int32_t>(id),
         .token = shown_token(state_->loaded.text(), static_cast<std::int32_t>(id)),
         .before = std::exp(b),
         .after = std::exp(a),
         .log_odds_change = log_odds(a) - log_odds(b)});
  }
  std::ranges::stable_sort(report.outputs, std::greater<>(), [](const ChangedToken& token) {
    return std::max(token.before, token.after);
  });
  return report;
}

std::vector<float> Explorer::logit_changes(const PromptInput& input,
                                           const std::vector<FeatureEdit>& edits) const {
  std::vector<Intervention> each(1);
  for (const FeatureEdit& edit : edits) each.push_back({.edits = {edit}});
  const std::vector<Outcome> found = outcomes(input, each);
  std::vector<float> changes;
  for (std::size_t i = 1; i < found.size(); ++i) {
    for (std::size_t id = 0; id < found[i].logits.size(); ++id) {
      changes.push_back(found[i].logits[id] - found[0].logits[id]);
    }
  }
  return changes;
}

}  // namespace circuit
