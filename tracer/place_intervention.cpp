#include "tracer/place_intervention.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include <ATen/ATen.h>

#include "tracer/text/prompt_file.h"

namespace circuit {
namespace {

std::string range_text(std::int64_t count) { return "0 to " + std::to_string(count - 1); }

void check_layers(const std::string& option, const LayerRange& layers, std::int64_t n_layers) {
  if (layers.first >= 0 && layers.first <= layers.last && layers.last < n_layers) return;
  throw std::invalid_argument(option + " is " + std::to_string(layers.first) + ".." +
                              std::to_string(layers.last) + ", there are layers " +
                              range_text(n_layers));
}

// A position of a prompt, counted from its end when negative.
std::int64_t position_in(std::int64_t position, std::int64_t n_positions,
                         std::int64_t zero_positions, const std::string& option) {
  const std::int64_t found = position < 0 ? n_positions + position : position;
  if (found >= zero_positions && found < n_positions) return found;
  throw std::invalid_argument(option + ": position " + std::to_string(position) +
                              " is none that may be changed, expected " +
                              std::to_string(zero_positions) + " to " +
                              std::to_string(n_positions - 1));
}

PromptInput input_of(const PromptEntry& entry, const PromptInput& like) {
  PromptInput input;
  input.bos = like.bos;
  if (entry.prompt) input.prompt = *entry.prompt;
  input.token_ids = entry.token_ids;
  if (entry.chat) input.chat = Chat{.messages = *entry.chat};
  return input;
}

}  // namespace

InterventionPlacer::InterventionPlacer(const Explorer::State& state, const PromptInput& input,
                                       const EncodedPrompt& prompt, std::int64_t zero_positions)
    : state_(state),
      input_(input),
      prompt_(prompt),
      zero_positions_(std::max<std::int64_t>(zero_positions, 1)) {}

PlacedIntervention InterventionPlacer::place(const Intervention& intervention,
                                             std::vector<std::string>& warnings) {
  PlacedIntervention placed{.edits = place_edits(intervention.edits, warnings),
                            .steering = {},
                            .swaps = {},
                            .freeze = intervention.freeze,
                            .constrained = intervention.constrained};
  for (const Steering& one : intervention.steering) placed.steering.push_back(place_steering(one));
  for (const PositionSwap& swap : intervention.swaps) placed.swaps.push_back(place_swap(swap));
  if (placed.constrained) {
    check_layers("--constrained", *placed.constrained, state_.loaded.model.config.n_layers);
  }
  return placed;
}

std::vector<PlacedEdit> InterventionPlacer::place_edits(const std::vector<FeatureEdit>& edits,
                                                        std::vector<std::string>& warnings) {
  if (edits.empty()) return {};
  state_.features();
  std::vector<EditRange> ranges;
  std::vector<PlacedEdit> placed;
  for (const FeatureEdit& edit : edits) {
    ranges.push_back(resolve(edit, n_positions(), prompt_.positions, zero_positions_));
    placed.push_back({with_value(edit), ranges.back()});
  }
  for (std::string& line : find_overlaps(edits, ranges)) warnings.push_back(std::move(line));
  return placed;
}

PlacedSteering InterventionPlacer::place_steering(const Steering& steering) const {
  const Model& model = state_.loaded.model;
  const std::string option = "--steer '" + steering.text + "'";
  if (steering.layer < 0 || steering.layer >= model.config.n_layers) {
    throw std::invalid_argument(option + ": there are layers " + range_text(model.config.n_layers));
  }
  if (static_cast<std::int64_t>(steering.vector.size()) != model.config.d_model) {
    throw std::invalid_argument(
        option + ": the vector has " + std::to_string(steering.vector.size()) +
        " numbers, the model's d_model is " + std::to_string(model.config.d_model));
  }
  const at::Tensor vector = at::tensor(steering.vector) * steering.alpha;
  return {.layer = steering.layer,
          .range = resolve(steering.positions, option, n_positions(), prompt_.positions,
                           zero_positions_),
          .vector = vector.to(model.device())};
}

PlacedSwap InterventionPlacer::place_swap(const PositionSwap& swap) {
  constexpr const char* kOption = "--swap-map";
  const CleanRun& other = run_of(swap.from);
  const std::int64_t n_layers = state_.loaded.model.config.n_layers;
  PlacedSwap placed{.kind = swap.kind,
                    .from = &other,
                    .map = {},
                    .layers = swap.layers.value_or(LayerRange{0, n_layers - 1})};
  check_layers("--swap-layers", placed.layers, n_layers);
  if (swap.kind == SwapKind::kFeatures && !state_.transcoders) {
    throw std::invalid_argument(
        "--swap-from: features are taken over from transcoders, there are none");
  }
  if (swap.map.empty() && n_positions() != other.n_positions()) {
    throw std::invalid_argument("--swap-from: its prompt has " +
                                std::to_string(other.n_positions()) + " tokens, this one " +
                                std::to_string(n_positions()) +
                                ", expected --swap-map to say which positions correspond");
  }
  for (const auto& [here, there] : swap.map) {
    placed.map.emplace_back(position_in(here, n_positions(), zero_positions_, kOption),
                            position_in(there, other.n_positions(), zero_positions_, kOption));
  }
  for (std::int64_t p = zero_positions_; swap.map.empty() && p < n_positions(); ++p) {
    placed.map.emplace_back(p, p);
  }
  return placed;
}

FeatureEdit InterventionPlacer::with_value(FeatureEdit edit) {
  using Operation = FeatureEdit::Operation;
  if (edit.operation != Operation::kMean && edit.operation != Operation::kFrom) return edit;
  const FeatureReader& reader = state_.features();
  const std::string option = "--set '" + edit.text + "'";
  const auto layer = std::ranges::find(reader.layers(), edit.layer);
  if (layer == reader.layers().end()) {
    throw std::invalid_argument(option + ": there are features in layers " +
                                std::to_string(reader.layers().front()) + " to " +
                                std::to_string(reader.layers().back()));
  }
  const auto i = static_cast<std::size_t>(layer - reader.layers().begin());
  at::Tensor activations;  // [n_features]
  if (edit.operation == Operation::kMean) {
    activations = means_of(edit.source)[i];
  } else {
    PromptInput from;
    from.prompt = edit.source;
    from.bos = input_.bos;
    const CleanRun& other = run_of(from);
    activations = reader.activations(
        other.record,
        i)[position_in(edit.source_position, other.n_positions(), zero_positions_, option)];
  }
  if (edit.feature >= activations.size(0)) {
    throw std::invalid_argument(option + ": there are features " + range_text(activations.size(0)));
  }
  edit.value = activations[edit.feature].item<double>();
  edit.operation = Operation::kSet;
  return edit;
}

const CleanRun& InterventionPlacer::run_of(const PromptInput& input) {
  const EncodedPrompt other = state_.loaded.encode(input);
  const auto found = runs_.find(other.ids);
  if (found != runs_.end()) return found->second;
  return runs_
      .emplace(other.ids, run_clean(state_.loaded.model, state_.transcoders.get(), other.ids,
                                    state_.zeroed(std::nullopt, other)))
      .first->second;
}

const std::vector<at::Tensor>& InterventionPlacer::means_of(const std::filesystem::path& file) {
  if (const auto found = means_.find(file); found != means_.end()) return found->second;
  const FeatureReader& reader = state_.features();
  std::vector<at::Tensor> sums(reader.layers().size());
  std::int64_t count = 0;
  for (const PromptEntry& entry : read_prompt_file(file).entries) {
    const EncodedPrompt prompt = state_.loaded.encode(input_of(entry, input_));
    const ForwardRecord record = forward(state_.loaded.model, prompt.ids);
    const auto n = static_cast<std::int64_t>(prompt.ids.size());
    const std::int64_t first = std::min(n, state_.zeroed(std::nullopt, prompt));
    count += n - first;
    for (std::size_t i = 0; i < sums.size(); ++i) {
      const at::Tensor sum =
          reader.activations(record, i).narrow(0, first, n - first).sum(/*dim=*/0);
      sums[i] = sums[i].defined() ? sums[i] + sum : sum;
    }
  }
  if (count == 0) {
    throw std::runtime_error("[intervene] " + file.string() +
                             ": no prompt has a position with features");
  }
  for (at::Tensor& sum : sums) sum = sum / static_cast<double>(count);
  return means_.emplace(file, std::move(sums)).first->second;
}

}  // namespace circuit
