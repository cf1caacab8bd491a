// A study of one's own: does switching off the features of most influence cost the answer more than
// switching off those that fire most strongly at the last token? PROMPTS has one a line.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <functional>
#include <numeric>
#include <random>
#include <stdexcept>
#include <vector>

#include "graph/influence.h"
#include "tracer/explorer.h"
#include "tracer/tracer.h"

namespace {

constexpr std::size_t kFeatures = 5;

circuit::Intervention off(const circuit::AttributionGraph& graph, const auto& nodes) {
  circuit::Intervention intervention;
  for (const std::size_t i : nodes) {
    const auto [kind, layer, position, feature] = graph.node(i);
    const circuit::EditPositions here{.begin = position, .end = position + 1};
    intervention.edits.push_back({.layer = layer, .feature = feature, .positions = here});
  }
  return intervention;
}

double log_probability(const circuit::Outcome& outcome, std::int32_t token) {
  double sum = 0;
  for (const float logit : outcome.logits) sum += std::exp(double{logit});
  return outcome.logits[static_cast<std::size_t>(token)] - std::log(sum);
}

// With the 95 % bootstrap interval of 10,000 resamples.
void print_mean(const char* what, const std::vector<double>& values) {
  std::mt19937_64 random(0);
  std::vector<double> means(10'000);
  for (double& mean : means) {
    for (std::size_t i = 0; i < values.size(); ++i) mean += values[random() % values.size()];
    mean /= double(values.size());
  }
  std::ranges::sort(means);
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / double(values.size());
  std::printf("%-17s %6.2f [%.2f, %.2f]\n", what, mean, means[250], means[9749]);
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 4) throw std::invalid_argument("usage: custom_study MODEL TRANSCODERS PROMPTS");
  const circuit::LoadOptions load{.model = argv[1], .transcoders = argv[2]};
  const circuit::Tracer tracer(load);
  const circuit::Explorer explorer(load);
  std::vector<std::vector<double>> changes(2);
  std::ifstream file(argv[3]);
  for (circuit::PromptInput input; std::getline(file, input.prompt);) {
    const circuit::AttributionGraph graph = tracer.trace(input).graph;
    const std::int32_t last = graph.node(graph.first_target()).position;
    auto most = circuit::order_by_influence(circuit::compute_influence(graph));
    std::erase_if(most, [&](std::size_t i) { return i >= graph.n_features(); });
    auto strong = most;
    std::erase_if(strong, [&](std::size_t i) { return graph.node(i).position != last; });
    std::ranges::stable_sort(strong, std::greater{}, [&](auto i) { return graph.activation(i); });
    most.resize(kFeatures), strong.resize(kFeatures);
    const auto runs = explorer.outcomes(input, {{}, off(graph, most), off(graph, strong)});
    const std::int32_t answer = graph.nodes().targets.front().token_id;
    for (std::size_t i = 0; i < changes.size(); ++i) {
      changes[i].push_back(log_probability(runs[i + 1], answer) - log_probability(runs[0], answer));
    }
  }
  print_mean("most influential", changes[0]);
  print_mean("most active", changes[1]);
} catch (const std::exception& error) {
  std::fprintf(stderr, "custom_study: %s\n", error.what());
  return 1;
}
