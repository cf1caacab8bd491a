#include "tracer/validity/faithfulness.h"

#include <stdexcept>
#include <string>
#include <vector>

#include <ATen/ATen.h>

#include "graph/influence.h"
#include "tracer/model/affine.h"
#include "tracer/model/soft_cap.h"
#include "tracer/replacement/replacement_forward.h"
#include "tracer/validity/feature_orders.h"

namespace circuit {
namespace {

using Order = std::vector<std::size_t>;

// Circuits of one pair, from orders of its feature nodes.
class CircuitMaker {
 public:
  CircuitMaker(const AttributionGraph& graph, const ListedFeatures& listed)
      : n_listed_(static_cast<std::size_t>(listed.size())),
        n_errors_(graph.n_errors()),
        n_positions_(graph.n_positions()) {
    for (std::size_t i = 0; i < graph.n_features(); ++i) {
      const Node node = graph.node(i);
      places_.push_back(
          static_cast<std::size_t>(listed.find(node.layer, node.position, node.feature)));
    }
  }

  Circuit filled(std::uint8_t features, std::uint8_t errors, std::uint8_t tokens) const {
    return {.features = std::vector<std::uint8_t>(n_listed_, features),
            .errors = std::vector<std::uint8_t>(n_errors_, errors),
            .tokens = std::vector<std::uint8_t>(n_positions_, tokens)};
  }
  /// The first `size` of `order` with all tokens, without errors.
  Circuit first(const Order& order, std::size_t size) const {
    Circuit circuit = filled(0, 0, 1);
    for (std::size_t i = 0; i < size; ++i) circuit.features[places_[order[i]]] = 1;
    return circuit;
  }
  /// All of the model but the features (and errors) of `circuit`; tokens stay.
  Circuit rest_of(const Circuit& circuit) const {
    Circuit rest = filled(1, 1, 1);
    rest.unlisted = true;
    for (std::size_t i = 0; i < n_listed_; ++i) rest.features[i] = circuit.features[i] == 0;
    for (std::size_t i = 0; i < n_errors_; ++i) rest.errors[i] = circuit.errors[i] == 0;
    return rest;
  }
  Circuit kept(const AttributionGraph& graph, const PrunedGraph& pruned) const {
    Circuit circuit = filled(0, 0, 1);
    for (std::size_t i = 0; i < places_.size(); ++i) {
      circuit.features[places_[i]] = pruned.node_mask[i];
    }
    for (std::size_t i = 0; i < n_errors_; ++i) {
      circuit.errors[i] = pruned.node_mask[graph.first_error() + i];
    }
    return circuit;
  }

 private:
  std::size_t n_listed_, n_errors_, n_positions_;
  std::vector<std::size_t> places_;  // of feature nodes among the listed
};

struct NamedOrder {
  FeatureOrder name;
  Order order;
};

std::vector<NamedOrder> orders_of(const ReplacementRun& run, const AttributionGraph& graph,
                                  const CurveOptions& options) {
  const std::vector<double> influence = compute_influence(graph);
  std::vector<NamedOrder> orders;
  orders.push_back(
      {FeatureOrder::kInfluence, descending_order(std::span(influence).first(graph.n_features()))});
  orders.push_back({FeatureOrder::kActivation, descending_order(activation_scores(run, graph))});
  orders.push_back({FeatureOrder::kDirectEdge, descending_order(direct_edge_scores(graph))});
  for (std::size_t i = 0; i < options.random_orders; ++i) {
    orders.push_back({FeatureOrder::kRandom, random_order(graph.n_features(), options.seed + i)});
  }
  return orders;
}

// What is measured in every row: nothing, tokens, pruned, its rest; then of each order the circuits
// of every size, each before its rest.
std::vector<Circuit> circuits_of(const CircuitMaker& make, const AttributionGraph& graph,
                                 const PrunedGraph& pruned, const std::vector<NamedOrder>& orders) {
  const Circuit kept = make.kept(graph, pruned);
  std::vector<Circuit> all = {make.filled(0, 0, 0), make.filled(0, 0, 1), kept, make.rest_of(kept)};
  for (const NamedOrder& one : orders) {
    for (const double share : kCircuitShares) {
      all.push_back(make.first(one.order, circuit_size(share, one.order.size())));
      all.push_back(make.rest_of(all.back()));
    }
  }
  return all;
}

constexpr std::size_t kFirstOrder = 4;

// The mean curve of each kind of order.
std::vector<CircuitCurve> curves_of(const std::vector<double>& m,
                                    const std::vector<NamedOrder>& orders) {
  std::vector<CircuitCurve> curves;
  std::vector<double> counts;
  for (std::size_t i = 0; i < orders.size(); ++i) {
    if (curves.empty() || curves.back().order != orders[i].name) {
      curves.push_back({.order = orders[i].name});
      counts.push_back(0);
    }
    for (std::size_t k = 0; k < kCircuitShares.size(); ++k) {
      const std::size_t at = kFirstOrder + 2 * (i * kCircuitShares.size() + k);
      curves.back().circuit[k] += m[at];
      curves.back().rest[k] += m[at + 1];
    }
    ++counts.back();
  }
  for (std::size_t i = 0; i < curves.size(); ++i) {
    for (double& value : curves[i].circuit) value /= counts[i];
    for (double& value : curves[i].rest) value /= counts[i];
  }
  return curves;
}

// m of what is read after the final norm [circuits, d_model].
std::vector<double> preferences(const PromptPair& pair, const at::Tensor& reads) {
  const Model& model = *pair.prompt.model;
  const at::Tensor answers =
      at::tensor({std::int64_t{pair.answer}, std::int64_t{pair.counterfactual_answer}})
          .to(model.device());
  const at::Tensor logits = soft_cap(affine(reads, model.unembedding.index_select(0, answers), {}),
                                     model.config.final_softcap)
                                .to(at::kCPU)
                                .to(at::kDouble);
  const at::Tensor m = (logits.select(1, 0) - logits.select(1, 1)).contiguous();
  return {m.data_ptr<double>(), m.data_ptr<double>() + m.numel()};
}

double preference_of_model(const PromptPair& pair) {
  const at::Tensor& logits = pair.prompt.record.logits;
  const at::Tensor last = logits[logits.size(0) - 1].to(at::kDouble);
  return (last[pair.answer] - last[pair.counterfactual_answer]).item<double>();
}

}  // namespace

void check_pair(const PromptPair& pair) {
  const auto refuse = [](const std::string& what) {
    throw std::invalid_argument("[faithfulness] " + what);
  };
  if (pair.prompt.n_positions() != pair.counterfactual.n_positions()) {
    refuse("the prompt has " + std::to_string(pair.prompt.n_positions()) +
           " tokens, the counterfactual " + std::to_string(pair.counterfactual.n_positions()) +
           "; expected as many");
  }
  if (pair.prompt.zero_positions != pair.counterfactual.zero_positions) {
    refuse("the prompt has " + std::to_string(pair.prompt.zero_positions) +
           " positions without features, the counterfactual " +
           std::to_string(pair.counterfactual.zero_positions) + "; expected as many");
  }
  const std::int64_t vocabulary = pair.prompt.model->config.vocabulary_size;
  for (const std::int32_t answer : {pair.answer, pair.counterfactual_answer}) {
    if (answer < 0 || answer >= vocabulary) {
      refuse("the answer is token " + std::to_string(answer) + ", expected 0 to " +
             std::to_string(vocabulary - 1));
    }
  }
  if (pair.answer == pair.counterfactual_answer) {
    refuse("both answers are token " + std::to_string(pair.answer) + ", expected two tokens");
  }
}

PairMeasures measure_faithfulness(const PromptPair& pair, const AttributionGraph& graph,
                                  const MeanValues* means, const CurveOptions& options) {
  check_pair(pair);
  const ListedFeatures listed = list_features(pair.prompt, pair.counterfactual);
  const PrunedGraph pruned = prune(graph, options.pruning);
  const std::vector<NamedOrder> orders = orders_of(pair.prompt, graph, options);
  const std::vector<Circuit> circuits =
      circuits_of(CircuitMaker(graph, listed), graph, pruned, orders);
  std::vector<Circuit> with_errors = circuits;
  for (Circuit& circuit : with_errors) circuit.errors.assign(circuit.errors.size(), 1);

  PairMeasures result{.n_features = graph.n_features()};
  for (std::size_t i = 0; i < graph.first_token(); ++i) {
    (i < graph.n_features() ? result.pruned_features : result.pruned_errors) += pruned.node_mask[i];
  }
  const auto add_rows = [&](OutsideValues outside, const ReplacementForward& forward,
                            const std::vector<Circuit>& measured) {
    for (const Background background : {Background::kFrozen, Background::kLive}) {
      const std::vector<double> m = preferences(pair, forward.final_reads(measured, background));
      result.measures.push_back({.outside = outside,
                                 .live = background == Background::kLive,
                                 .model = preference_of_model(pair),
                                 .nothing = m[0],
                                 .tokens = m[1],
                                 .pruned = m[2],
                                 .pruned_rest = m[3],
                                 .curves = curves_of(m, orders)});
    }
  };
  const ReplacementForward forward(pair.prompt, listed, values_of(pair.counterfactual, listed));
  add_rows(OutsideValues::kCounterfactual, forward, circuits);
  add_rows(OutsideValues::kCounterfactualCleanErrors, forward, with_errors);
  if (means != nullptr) {
    add_rows(OutsideValues::kMeans,
             ReplacementForward(pair.prompt, listed, means->values(pair.prompt, listed)), circuits);
  }
  return result;
}

}  // namespace circuit
