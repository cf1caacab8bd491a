#include "tracer/attribution/assemble.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "tracer/machine/threads.h"

namespace circuit {
namespace {

class Assembler {
 public:
  Assembler(const RowStore& store, std::size_t n_targets) : store_(store), n_targets_(n_targets) {}

  AssembledGraph assemble() {
    order_rows();
    map_columns();
    count_edges();
    out_.edges.columns.resize(static_cast<std::size_t>(out_.edges.row_offsets.back()));
    out_.edges.weights.resize(out_.edges.columns.size());
    parallel_tasks(order_.size(), [this](std::size_t i) { write_row(i); });
    return std::move(out_);
  }

 private:
  // Of the i-th row that exists: features come first, targets last.
  std::size_t node_of(std::size_t i) const {
    return i < n_selected() ? i : i + n_nodes_ - order_.size();
  }
  std::size_t n_selected() const { return order_.size() - n_targets_; }

  void order_rows() {
    order_.resize(store_.size());
    std::iota(order_.begin(), order_.end(), std::size_t{0});
    std::ranges::sort(order_, {}, [this](std::size_t row) { return store_.node(row); });
    const auto pick = [this](const std::vector<double>& from) {
      std::vector<double> picked;
      for (const std::size_t row : order_) picked.push_back(from[row]);
      return picked;
    };
    out_.totals = {.totals = pick(store_.totals.totals),
                   .absolute_totals = pick(store_.totals.absolute_totals),
                   .bias_terms = pick(store_.totals.bias_terms),
                   .pre_activations = pick(store_.totals.pre_activations)};
  }

  void map_columns() {
    const ColumnLayout& columns = store_.columns();
    node_of_column_.assign(static_cast<std::size_t>(columns.n_columns()), -1);
    std::int32_t node = 0;
    for (std::size_t i = 0; i < n_selected(); ++i) {
      const std::int64_t feature = store_.node(order_[i]);
      out_.selected_features.push_back(static_cast<std::int32_t>(feature));
      node_of_column_[static_cast<std::size_t>(feature)] = node++;
    }
    for (auto c = static_cast<std::size_t>(columns.n_active()); c < node_of_column_.size(); ++c) {
      node_of_column_[c] = node++;
    }
    n_nodes_ = static_cast<std::size_t>(node) + n_targets_;
  }

  // visit(node, weight) for each edge that stays, else dropped(weight).
  template <class Visit, class Dropped>
  void visit_row(std::size_t row, Visit&& visit, Dropped&& dropped) const {
    const float* weight = store_.values(row).data();
    for (const ColumnRun& run : store_.columns().runs(store_.read(row))) {
      const std::int32_t* node = node_of_column_.data() + run.first;
      for (std::int64_t i = 0; i < run.count; ++i) {
        if (weight[i] == 0.0f) continue;
        node[i] < 0 ? dropped(weight[i]) : visit(node[i], weight[i]);
      }
      weight += run.count;
    }
    store_.release(row);
  }

  void count_edges() {
    std::vector<std::int64_t> counts(n_nodes_, 0);
    out_.row_dropped.assign(n_nodes_, 0.0f);
    parallel_tasks(order_.size(), [&](std::size_t i) {
      std::int64_t count = 0;
      double lost = 0.0;
      visit_row(
          order_[i], [&](std::int32_t, float) { ++count; },
          [&](float weight) { lost += std::abs(static_cast<double>(weight)); });
      const double whole = out_.totals.absolute_totals[i];
      counts[node_of(i)] = count;
      out_.row_dropped[node_of(i)] = whole > 0.0 ? static_cast<float>(lost / whole) : 0.0f;
    });
    out_.edges.row_offsets.reserve(n_nodes_ + 1);
    for (const std::int64_t count : counts) {
      out_.edges.row_offsets.push_back(out_.edges.row_offsets.back() + count);
    }
  }

  void write_row(std::size_t i) {
    auto edge = static_cast<std::size_t>(out_.edges.row_offsets[node_of(i)]);
    visit_row(
        order_[i],
        [&](std::int32_t node, float weight) {
          out_.edges.columns[edge] = node;
          out_.edges.weights[edge++] = weight;
        },
        [](float) {});
  }

  const RowStore& store_;
  std::size_t n_targets_;
  std::size_t n_nodes_ = 0;
  std::vector<std::size_t> order_;
  std::vector<std::int32_t> node_of_column_;
  AssembledGraph out_;
};

}  // namespace

AssembledGraph assemble(const RowStore& store, std::size_t n_targets) {
  return Assembler(store, n_targets).assemble();
}

}  // namespace circuit
