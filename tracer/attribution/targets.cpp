#include "tracer/attribution/targets.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <stdexcept>
#include <utility>

#include <ATen/ATen.h>

#include "transcoders/product.h"
#include "transcoders/tensor_view.h"

namespace circuit {
namespace {

// A difference keeps a weight even when both tokens are equally likely.
constexpr double kLeastDifferenceWeight = 1e-6;

at::Tensor last_row(const at::Tensor& logits) {
  return logits.select(0, logits.size(0) - 1).to(at::kCPU).to(at::kDouble);
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

Target describe(const TargetTokens& tokens, const double* probabilities,
                const Tokenizer* tokenizer) {
  const std::string a = shown_token(tokenizer, tokens.a);
  if (!tokens.b) {
    return {.kind = TargetKind::kToken,
            .token_id = tokens.a,
            .probability = probabilities[tokens.a],
            .label = a,
            .display = a};
  }
  const std::string b = shown_token(tokenizer, *tokens.b);
  return {.kind = TargetKind::kDirection,
          .token_id = -1,
          .probability = std::max(std::abs(probabilities[tokens.a] - probabilities[*tokens.b]),
                                  kLeastDifferenceWeight),
          .label = "logit(" + a + ")-logit(" + b + ")",
          .display = a + " - " + b};
}

}  // namespace

std::string shown_token(const Tokenizer* tokenizer, std::int32_t id) {
  return tokenizer != nullptr ? tokenizer->token_text(id) : "#" + std::to_string(id);
}

at::Tensor target_covectors(const Model& model, std::span<const TargetTokens> tokens) {
  const at::ScalarType type = sum_type(model.dtype);
  const at::Tensor mean = model.unembedding.mean(0).to(type);
  release_pages(model.unembedding);
  std::vector<at::Tensor> rows;
  for (const TargetTokens& one : tokens) {
    rows.push_back(model.unembedding.select(0, one.a).to(type) -
                   (one.b ? model.unembedding.select(0, *one.b).to(type) : mean));
  }
  return at::stack(rows).to(at::kCPU);
}

OutputTargets choose_targets(const ReplacementRun& run, const TargetOptions& options,
                             const Tokenizer* tokenizer) {
  const Model& model = *run.model;
  const at::Tensor logits = last_row(run.record.uncapped_logits);
  const at::Tensor probabilities = last_row(run.record.logits).softmax(0);
  const std::vector<TargetTokens> chosen =
      options.named.empty() ? most_probable(probabilities, options)
                            : named_targets(options, tokenizer, model.config.vocabulary_size);

  const double mean_logit = logits.mean().item<double>();
  OutputTargets outputs;
  outputs.tokens = chosen;
  for (const TargetTokens& tokens : chosen) {
    outputs.targets.push_back(describe(tokens, probabilities.data_ptr<double>(), tokenizer));
    outputs.rows.reads.push_back({.layer = run.n_layers(), .position = run.n_positions() - 1});
    outputs.rows.constants.push_back(0.0);
    outputs.rows.pre_activations.push_back(
        logits[tokens.a].item<double>() -
        (tokens.b ? logits[*tokens.b].item<double>() : mean_logit));
  }
  outputs.rows.covectors = target_covectors(model, chosen);
  return outputs;
}

}  // namespace circuit
