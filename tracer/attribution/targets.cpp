#include "tracer/attribution/targets.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <stdexcept>
#include <utility>

#include <ATen/ATen.h>

#include "tracer/attribution/target_covectors.h"
#include "tracer/replacement/read_site.h"
#include "transcoders/tensor_view.h"

namespace circuit {
namespace {

// A difference keeps a weight even when both tokens are equally likely.
constexpr double kLeastDifferenceWeight = 1e-6;

// What the model says behind one position; on the CPU, in double.
struct NextToken {
  at::Tensor logits;         // [vocabulary], ahead of the soft cap
  at::Tensor probabilities;  // [vocabulary]
};

NextToken next_token(const ReplacementRun& run, std::int64_t position) {
  const auto last_row = [](const at::Tensor& logits) {
    return logits.select(0, logits.size(0) - 1).to(at::kCPU).to(at::kDouble);
  };
  const ForwardRecord& record = run.record;
  if (position + 1 == run.n_positions()) {
    return {last_row(record.uncapped_logits), last_row(record.logits).softmax(0)};
  }
  const Logits there =
      read_logits(*run.model, record.residual_final.narrow(0, position, 1), LogitPositions::kLast);
  release_pages(run.model->unembedding);
  return {last_row(there.uncapped), last_row(there.capped).softmax(0)};
}

std::vector<TargetTokens> most_probable(const at::Tensor& probabilities,
                                        const TargetOptions& options) {
  if (options.max_logits < 1) {
    throw std::invalid_argument("[targets] --max-logits is " + std::to_string(options.max_logits) +
                                ", expected at least 1");
  }
  if (!(options.logit_probability >= 0.0 && options.logit_probability <= 1.0)) {
    throw std::invalid_argument("[targets] --logit-prob is " +
                                std::to_string(options.logit_probability) +
                                ", expected a number in [0, 1]");
  }
  const double* p = probabilities.data_ptr<double>();
  std::vector<std::int32_t> order(static_cast<std::size_t>(probabilities.numel()));
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::int32_t>(i);
  const auto count =
      std::min<std::size_t>(order.size(), static_cast<std::size_t>(options.max_logits));
  std::partial_sort(
      order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count), order.end(),
      [p](std::int32_t a, std::int32_t b) { return p[a] != p[b] ? p[a] > p[b] : a < b; });
  std::vector<TargetTokens> chosen;
  double covered = 0.0;
  for (std::size_t i = 0; i < count; ++i) {
    chosen.push_back({.a = order[i], .b = std::nullopt});
    covered += p[order[i]];
    if (covered >= options.logit_probability) break;
  }
  return chosen;
}

// `#A`, or `#A-#B` for a difference.
TargetTokens parse_ids(const std::string& value) {
  const auto parse = [&](const std::string& text) {
    std::size_t used = 0;
    int id = -1;
    try {
      if (text.starts_with("#")) id = std::stoi(text.substr(1), &used);
    } catch (const std::exception&) {
      used = 0;
    }
    if (used == 0 || used + 1 != text.size()) {
      throw std::invalid_argument("[targets] \"" + value +
                                  "\": the model has no tokenizer, expected #ID");
    }
    return id;
  };
  const std::size_t minus = value.find("-#");
  if (minus == std::string::npos) return {.a = parse(value), .b = std::nullopt};
  return {.a = parse(value.substr(0, minus)), .b = parse(value.substr(minus + 1))};
}

std::vector<TargetTokens> named_targets(const TargetOptions& options, const Tokenizer* tokenizer,
                                        std::int64_t vocabulary) {
  std::vector<TargetTokens> chosen;
  std::set<std::pair<std::int32_t, std::int32_t>> seen;
  for (const std::string& value : options.named) {
    const TargetTokens tokens =
        tokenizer != nullptr ? parse_target(*tokenizer, value) : parse_ids(value);
    for (const std::int32_t id : {tokens.a, tokens.b.value_or(tokens.a)}) {
      if (id < 0 || id >= vocabulary) {
        throw std::invalid_argument("[targets] \"" + value + "\": id " + std::to_string(id) +
                                    ", expected 0 to " + std::to_string(vocabulary - 1));
      }
    }
    if (tokens.b == tokens.a) {
      throw std::invalid_argument("[targets] \"" + value + "\" subtracts a token from itself");
    }
    if (!seen.emplace(tokens.a, tokens.b.value_or(-1)).second) {
      throw std::invalid_argument("[targets] \"" + value + "\" is given twice");
    }
    chosen.push_back(tokens);
  }
  return chosen;
}

Target describe(const TargetTokens& tokens, std::int64_t position, const double* probabilities,
                const Tokenizer* tokenizer) {
  const std::string a = shown_token(tokenizer, tokens.a);
  const auto at = static_cast<std::int32_t>(position);
  if (!tokens.b) {
    return {.kind = TargetKind::kToken,
            .token_id = tokens.a,
            .probability = probabilities[tokens.a],
            .label = a,
            .display = a,
            .position = at};
  }
  const std::string b = shown_token(tokenizer, *tokens.b);
  return {.kind = TargetKind::kDifference,
          .token_id = -1,
          .probability = std::max(std::abs(probabilities[tokens.a] - probabilities[*tokens.b]),
                                  kLeastDifferenceWeight),
          .label = "logit(" + a + ")-logit(" + b + ")",
          .display = a + " - " + b,
          .position = at};
}

// Collects targets of all kinds with what their rows need, but for the covectors.
class Chooser {
 public:
  explicit Chooser(const ReplacementRun& run) : run_(run), model_(*run.model) {}

  void add_tokens(const TargetOptions& options, const Tokenizer* tokenizer) {
    const bool by_name = !options.named.empty();
    if (!by_name && !options.takes_most_probable()) return;
    const std::int64_t position = settle("--target-position", options.position.value_or(-1));
    const NextToken next = next_token(run_, position);
    const double mean = next.logits.mean().item<double>();
    for (const TargetTokens& tokens :
         by_name ? named_targets(options, tokenizer, model_.config.vocabulary_size)
                 : most_probable(next.probabilities, options)) {
      const double b = tokens.b ? next.logits[*tokens.b].item<double>() : mean;
      add(describe(tokens, position, next.probabilities.data_ptr<double>(), tokenizer), tokens,
          {.layer = run_.n_layers(), .position = position}, 0.0,
          next.logits[tokens.a].item<double>() - b);
    }
  }

  void add_feature(const FeatureTarget& wanted) {
    const auto text = [&](std::int64_t position) {
      return "--target-feature " + std::to_string(wanted.layer) + "_" +
             std::to_string(wanted.feature) + "_" + std::to_string(position);
    };
    const TranscoderInfo& info = run_.transcoders->info();
    require_below(text(wanted.position) + ": layer", wanted.layer, info.n_layers);
    require_below(text(wanted.position) + ": feature", wanted.feature, info.n_features);
    require_weight(text(wanted.position), wanted.weight);
    const std::int64_t position = settle(text(wanted.position) + ": position", wanted.position);
    require_new(text(position));
    add({.kind = TargetKind::kFeature,
         .probability = wanted.weight,
         .label = "L" + std::to_string(wanted.layer) + "/" + std::to_string(wanted.feature),
         .display = "L" + std::to_string(wanted.layer) + "/" + std::to_string(wanted.feature),
         .position = static_cast<std::int32_t>(position),
         .layer = static_cast<std::int32_t>(wanted.layer),
         .feature = static_cast<std::int32_t>(wanted.feature)},
        std::nullopt, {.layer = wanted.layer, .position = position},
        run_.transcoders->encoder_bias(wanted.layer)[wanted.feature].item<double>(),
        pre_activation(wanted, position));
  }

  void add_vector(const VectorTarget& wanted, std::int64_t asked_position) {
    const std::string text = "--target-vector " + wanted.label;
    const auto length = static_cast<std::int64_t>(wanted.vector.size());
    if (length != model_.config.d_model) {
      refuse(text + " has " + std::to_string(length) + " values, the model has d_model " +
             std::to_string(model_.config.d_model));
    }
    const at::Tensor vector = at::tensor(wanted.vector).to(at::kDouble);
    if (!vector.isfinite().all().item<bool>() || !vector.any().item<bool>()) {
      refuse(text + " is 0 or not finite, expected a direction");
    }
    require_weight(text, wanted.weight);
    require_new(text);
    const std::int64_t position = settle("--target-position", asked_position);
    const at::Tensor read =
        norm_forward(model_.final_norm, run_.record.residual_final.narrow(0, position, 1)).output;
    add({.kind = TargetKind::kVector,
         .probability = wanted.weight,
         .label = wanted.label,
         .display = wanted.label,
         .position = static_cast<std::int32_t>(position),
         .vector = wanted.vector},
        std::nullopt, {.layer = run_.n_layers(), .position = position}, 0.0,
        at::dot(read.select(0, 0).to(at::kCPU).to(at::kDouble), vector).item<double>());
  }

  OutputTargets finish() {
    outputs_.rows.covectors =
        target_covectors(model_, *run_.transcoders, outputs_.targets, outputs_.tokens);
    return std::move(outputs_);
  }

 private:
  [[noreturn]] static void refuse(const std::string& what) {
    throw std::invalid_argument("[targets] " + what);
  }
  static void require_below(const std::string& what, std::int64_t value, std::int64_t end) {
    if (value >= 0 && value < end) return;
    refuse(what + " is " + std::to_string(value) + ", expected 0 to " + std::to_string(end - 1));
  }
  static void require_weight(const std::string& what, double weight) {
    if (std::isfinite(weight) && weight > 0.0) return;
    refuse(what + " has weight " + std::to_string(weight) + ", expected a number above 0");
  }
  void require_new(const std::string& text) {
    if (!seen_.insert(text).second) refuse(text + " is given twice");
  }

  // Counted from the start. Gradients are not carried at zeroed positions.
  std::int64_t settle(const std::string& what, std::int64_t position) const {
    const std::int64_t n = run_.n_positions(), zeroed = run_.zero_positions;
    const std::int64_t from_start = position < 0 ? n + position : position;
    if (from_start >= zeroed && from_start < n) return from_start;
    refuse(what + " is " + std::to_string(position) + ", expected " + std::to_string(zeroed) +
           " to " + std::to_string(n - 1) + " or -" + std::to_string(n - zeroed) +
           " to -1: " + std::to_string(n) + " tokens, of which the first " +
           std::to_string(zeroed) + " carry no features");
  }

  double pre_activation(const FeatureTarget& feature, std::int64_t position) const {
    const auto layer = static_cast<std::size_t>(feature.layer);
    const BlockRecord& block = run_.record.blocks[layer];
    const at::Tensor input = read_input(
        run_.transcoders->info().read_site, model_.blocks[layer].mlp_norm,
        block.mlp_inverse_scale.narrow(0, position, 1), block.residual_mid.narrow(0, position, 1));
    return run_.transcoders->encode(feature.layer, input)[0][feature.feature].item<double>();
  }

  void add(Target target, std::optional<TargetTokens> tokens, const ReadPoint& read,
           double constant, double pre_activation) {
    outputs_.targets.push_back(std::move(target));
    outputs_.tokens.push_back(tokens);
    outputs_.rows.reads.push_back(read);
    outputs_.rows.constants.push_back(constant);
    outputs_.rows.pre_activations.push_back(pre_activation);
  }

  const ReplacementRun& run_;
  const Model& model_;
  std::set<std::string> seen_;  // features and vectors
  OutputTargets outputs_;
};

}  // namespace

std::string shown_token(const Tokenizer* tokenizer, std::int32_t id) {
  return tokenizer != nullptr ? tokenizer->token_text(id) : "#" + std::to_string(id);
}

OutputTargets choose_targets(const ReplacementRun& run, const TargetOptions& options,
                             const Tokenizer* tokenizer) {
  Chooser chooser(run);
  chooser.add_tokens(options, tokenizer);
  for (const FeatureTarget& feature : options.features) chooser.add_feature(feature);
  for (const VectorTarget& vector : options.vectors) {
    chooser.add_vector(vector, options.position.value_or(-1));
  }
  return chooser.finish();
}

}  // namespace circuit
