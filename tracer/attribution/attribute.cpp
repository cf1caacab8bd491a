#include "tracer/attribution/attribute.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

#include <ATen/ATen.h>

#include "graph/influence.h"

namespace circuit {
namespace {

// circuit-tracer divides by at least this much when it ranks, and by 1e-10 afterwards.
constexpr double kRankingRowFloor = 1e-8;

// Rows computed so far, in the order in which they were computed, over all active features.
struct RowStore {
  EdgeRows rows;
  std::vector<std::int64_t> nodes;  ///< the node each row explains: a feature, or a target

  void append(EdgeRows&& more, std::span<const std::int64_t> more_nodes) {
    const auto offset = static_cast<std::int64_t>(rows.edges.columns.size());
    for (std::size_t r = 0; r < more.edges.rows(); ++r) {
      rows.edges.row_offsets.push_back(offset + more.edges.row_offsets[r + 1]);
    }
    const auto join = [](auto& to, const auto& from) {
      to.insert(to.end(), from.begin(), from.end());
    };
    join(rows.edges.columns, more.edges.columns);
    join(rows.edges.weights, more.edges.weights);
    join(rows.totals.totals, more.totals.totals);
    join(rows.totals.absolute_totals, more.totals.absolute_totals);
    join(rows.totals.bias_terms, more.totals.bias_terms);
    join(rows.totals.pre_activations, more.totals.pre_activations);
    nodes.insert(nodes.end(), more_nodes.begin(), more_nodes.end());
  }
};

// Encoder rows, read points and pre-activations of the given active features (ascending).
RowTargets feature_targets(const ReplacementRun& run, std::span<const std::int64_t> chosen) {
  RowTargets targets;
  const ActiveFeatureSet& all = run.features;
  std::vector<at::Tensor> covectors;
  for (std::size_t begin = 0; begin < chosen.size();) {
    const std::int64_t layer = all.layers[static_cast<std::size_t>(chosen[begin])];
    std::vector<std::int64_t> features;
    std::size_t end = begin;
    for (; end < chosen.size(); ++end) {
      const auto i = static_cast<std::size_t>(chosen[end]);
      if (all.layers[i] != layer) break;
      features.push_back(all.features[i]);
      targets.reads.push_back({.layer = layer, .position = all.positions[i]});
    }
    const at::Tensor index = at::tensor(features, at::kLong);
    covectors.push_back(run.transcoders->encoder_rows(layer, index));
    const at::Tensor biases =
        run.transcoders->encoder_bias(layer).index_select(0, index).to(at::kDouble);
    targets.constants.insert(targets.constants.end(), biases.data_ptr<double>(),
                             biases.data_ptr<double>() + biases.numel());
    begin = end;
  }
  targets.covectors = at::cat(covectors);
  const at::Tensor index = at::tensor(std::vector<std::int64_t>(chosen.begin(), chosen.end()));
  const at::Tensor values = all.pre_activations.index_select(0, index).to(at::kDouble);
  targets.pre_activations.assign(values.data_ptr<double>(),
                                 values.data_ptr<double>() + values.numel());
  return targets;
}

// The next round of features by influence over the rows so far, highest first, then by index.
std::vector<std::int64_t> next_round(const RowStore& store, std::span<const double> weights,
                                     const std::vector<bool>& visited, std::size_t round) {
  const std::vector<double> influence =
      sweep_influence(store.rows.edges, store.nodes, weights, kRankingRowFloor);
  std::vector<std::int64_t> order;
  for (std::size_t i = 0; i < visited.size(); ++i) {
    if (!visited[i]) order.push_back(static_cast<std::int64_t>(i));
  }
  const std::size_t count = std::min(round, order.size());
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count), order.end(),
                    [&](std::int64_t a, std::int64_t b) {
                      const double x = influence[static_cast<std::size_t>(a)];
                      const double y = influence[static_cast<std::size_t>(b)];
                      return x != y ? x > y : a < b;
                    });
  order.resize(count);
  std::ranges::sort(order);
  return order;
}

// Chooses features and computes their rows after those of the targets.
void compute_feature_rows(const ReplacementRun& run, RowComputer& computer,
                          const AttributionOptions& options, std::span<const double> weights,
                          const Progress& progress, RowStore& store) {
  const auto n_active = static_cast<std::size_t>(run.features.size());
  const std::size_t cap = options.max_features == 0
                              ? n_active
                              : std::min(n_active, static_cast<std::size_t>(options.max_features));
  const auto round = static_cast<std::size_t>(options.batch_size * options.update_interval);
  std::vector<bool> visited(n_active, false);
  for (std::size_t done = 0; done < cap;) {
    std::vector<std::int64_t> chosen;
    if (cap == n_active) {
      chosen.resize(n_active);
      std::iota(chosen.begin(), chosen.end(), 0);
    } else {
      chosen = next_round(store, weights, visited, std::min(round, cap - done));
    }
    for (const std::int64_t i : chosen) visited[static_cast<std::size_t>(i)] = true;
    store.append(computer.compute(feature_targets(run, chosen),
                                  [&](std::int64_t rows) {
                                    if (progress) {
                                      progress("attribute", static_cast<std::int64_t>(done) + rows,
                                               static_cast<std::int64_t>(cap));
                                    }
                                  }),
                 chosen);
    done += chosen.size();
  }
}

// Puts rows into node order, drops the columns of features that were not selected, and notes what
// share of each row that took away.
class Assembler {
 public:
  Assembler(const SourceTable& sources, const RowStore& store, std::size_t n_targets)
      : sources_(sources), store_(store), n_targets_(n_targets) {}

  Attribution assemble() {
    order_rows();
    map_columns();
    const std::size_t n_selected = order_.size() - n_targets_;
    const std::size_t n_nodes = n_selected +
                                static_cast<std::size_t>(sources_.n_columns() - sources_.n_active) +
                                n_targets_;
    out_.row_dropped.assign(n_nodes, 0.0f);
    const auto empty_rows = static_cast<std::ptrdiff_t>(n_nodes - order_.size());
    for (std::size_t i = 0; i < order_.size(); ++i) {
      if (i == n_selected) {
        out_.edges.row_offsets.insert(out_.edges.row_offsets.end(),
                                      static_cast<std::size_t>(empty_rows),
                                      static_cast<std::int64_t>(out_.edges.columns.size()));
      }
      out_.row_dropped[i < n_selected ? i : i + static_cast<std::size_t>(empty_rows)] =
          append_row(order_[i]);
    }
    return std::move(out_);
  }

 private:
  void order_rows() {
    order_.resize(store_.nodes.size());
    std::iota(order_.begin(), order_.end(), 0u);
    std::ranges::sort(order_, {}, [&](std::size_t row) { return store_.nodes[row]; });
    for (std::size_t i = 0; i + n_targets_ < order_.size(); ++i) {
      out_.nodes.selected_features.push_back(static_cast<std::int32_t>(store_.nodes[order_[i]]));
    }
  }

  void map_columns() {
    node_of_column_.assign(static_cast<std::size_t>(sources_.n_columns()), -1);
    std::int32_t node = 0;
    for (const std::int32_t feature : out_.nodes.selected_features) {
      node_of_column_[static_cast<std::size_t>(feature)] = node++;
    }
    for (auto c = static_cast<std::size_t>(sources_.n_active); c < node_of_column_.size(); ++c) {
      node_of_column_[c] = node++;
    }
  }

  float append_row(std::size_t row) {
    const EdgeRows& rows = store_.rows;
    const auto columns = rows.edges.row_columns(row);
    const auto weights = rows.edges.row_weights(row);
    double dropped = 0.0;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const std::int32_t node = node_of_column_[static_cast<std::size_t>(columns[i])];
      if (node < 0) {
        dropped += std::abs(static_cast<double>(weights[i]));
        continue;
      }
      out_.edges.columns.push_back(node);
      out_.edges.weights.push_back(weights[i]);
    }
    out_.edges.row_offsets.push_back(static_cast<std::int64_t>(out_.edges.columns.size()));
    out_.totals.totals.push_back(rows.totals.totals[row]);
    out_.totals.absolute_totals.push_back(rows.totals.absolute_totals[row]);
    out_.totals.bias_terms.push_back(rows.totals.bias_terms[row]);
    out_.totals.pre_activations.push_back(rows.totals.pre_activations[row]);
    const double whole = rows.totals.absolute_totals[row];
    return whole > 0.0 ? static_cast<float>(dropped / whole) : 0.0f;
  }

  const SourceTable& sources_;
  const RowStore& store_;
  std::size_t n_targets_;
  std::vector<std::size_t> order_;
  std::vector<std::int32_t> node_of_column_;
  Attribution out_;
};

void check(const AttributionOptions& options) {
  const auto at_least = [](const char* name, std::int64_t value, std::int64_t least) {
    if (value < least) {
      throw std::invalid_argument(std::string("[attribute] ") + name + " is " +
                                  std::to_string(value) + ", expected at least " +
                                  std::to_string(least));
    }
  };
  at_least("--max-features", options.max_features, 0);
  at_least("--batch-size", options.batch_size, 1);
  at_least("--update-interval", options.update_interval, 1);
  at_least("--memory", options.memory_bytes, 1);
}

void describe_nodes(const ReplacementRun& run, const OutputTargets& outputs, GraphNodes& nodes) {
  nodes.n_layers = static_cast<std::int32_t>(run.n_layers());
  nodes.input_ids = run.record.input_ids;
  const ActiveFeatureSet& all = run.features;
  const at::Tensor activations = all.activations.to(at::kFloat).contiguous();
  for (std::size_t i = 0; i < all.layers.size(); ++i) {
    nodes.active_features.push_back({all.layers[i], all.positions[i], all.features[i]});
  }
  nodes.activation_values.assign(activations.data_ptr<float>(),
                                 activations.data_ptr<float>() + activations.numel());
  nodes.targets = outputs.targets;
}

}  // namespace

Attribution attribute(ReplacementRun& run, const OutputTargets& outputs,
                      const AttributionOptions& options, const Progress& progress) {
  check(options);
  RowComputer computer(run, options.memory_bytes);
  const std::int64_t first_target = computer.sources().n_columns();
  std::vector<std::int64_t> target_nodes(outputs.targets.size());
  std::iota(target_nodes.begin(), target_nodes.end(), first_target);
  std::vector<double> weights(static_cast<std::size_t>(first_target), 0.0);
  for (const Target& target : outputs.targets) weights.push_back(target.probability);

  RowStore store;
  store.append(computer.compute(outputs.rows), target_nodes);
  compute_feature_rows(run, computer, options, weights, progress, store);
  Attribution result = Assembler(computer.sources(), store, outputs.targets.size()).assemble();
  describe_nodes(run, outputs, result.nodes);
  return result;
}

}  // namespace circuit
