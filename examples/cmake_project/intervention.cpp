// Gives features other values and prints how the next token's probabilities change, with attention
// as it was and with attention that reacts.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <exception>
#include <numeric>
#include <vector>

#include "tracer/explorer.h"

namespace {

std::vector<double> probabilities(const circuit::Outcome& outcome) {
  const double largest = *std::ranges::max_element(outcome.logits);
  std::vector<double> values;
  for (const float logit : outcome.logits) values.push_back(std::exp(logit - largest));
  const double sum = std::accumulate(values.begin(), values.end(), 0.0);
  for (double& value : values) value /= sum;
  return values;
}

std::size_t most_probable(const circuit::Outcome& outcome) {
  const auto found = std::ranges::max_element(outcome.logits);
  return static_cast<std::size_t>(found - outcome.logits.begin());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) {
    std::fprintf(stderr,
                 "usage: intervention MODEL TRANSCODERS PROMPT LAYER_FEATURE_POSITION=...\n");
    return 2;
  }
  try {
    const circuit::Explorer explorer({.model = argv[1], .transcoders = argv[2]});
    circuit::Intervention frozen;
    for (int i = 4; i < argc; ++i) frozen.edits.push_back(circuit::parse_feature_edit(argv[i]));
    circuit::Intervention live = frozen;
    live.freeze = circuit::Freeze::kNone;

    const auto outcomes = explorer.outcomes({.prompt = argv[3]}, {{}, frozen, live});
    const auto before = probabilities(outcomes[0]);
    const auto after = probabilities(outcomes[1]), reacting = probabilities(outcomes[2]);
    std::vector<std::size_t> tokens;
    for (const circuit::Outcome& outcome : outcomes) tokens.push_back(most_probable(outcome));
    std::ranges::sort(tokens);
    const auto repeated = std::ranges::unique(tokens);
    tokens.erase(repeated.begin(), repeated.end());

    std::printf("%-12s %9s %9s %9s\n", "token", "before", "frozen", "live");
    for (const std::size_t id : tokens) {
      const std::string text = explorer.token_text(static_cast<std::int32_t>(id));
      std::printf("%-12s %7.2f %% %7.2f %% %7.2f %%\n", text.c_str(), 100 * before[id],
                  100 * after[id], 100 * reacting[id]);
    }
    for (const std::string& warning : outcomes[1].warnings) {
      std::fprintf(stderr, "intervention: warning: %s\n", warning.c_str());
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "intervention: %s\n", error.what());
    return 1;
  }
}
