#include "tests/bench/counted_work.h"

#include <vector>

namespace circuit::bench {
namespace {

constexpr double kGigaFlopPerProduct = 2e-9;

// Slots among the first `slots` with a row at each position.
std::vector<std::int64_t> rows_by_position(const BackwardBatch& batch, std::int64_t slots,
                                           std::int64_t n_positions) {
  std::vector<std::int64_t> rows(static_cast<std::size_t>(n_positions) + 1, 0);
  for (std::int64_t slot = 0; slot < slots; ++slot) {
    ++rows[static_cast<std::size_t>(batch.read(slot).position)];
  }
  for (std::int64_t q = n_positions - 1; q >= 0; --q) {
    rows[static_cast<std::size_t>(q)] += rows[static_cast<std::size_t>(q) + 1];
  }
  return rows;
}

}  // namespace

SweepWork sweep_work(const ReplacementRun& run, const ColumnLayout& columns,
                     const BackwardBatch& batch) {
  const ModelConfig& c = run.model->config;
  const auto d_model = static_cast<double>(c.d_model);
  const auto d_outputs = static_cast<double>(c.n_heads * c.d_head);
  const auto d_values = static_cast<double>(c.n_kv_heads * c.d_head);
  const auto zeroed = static_cast<double>(run.zero_positions);
  SweepWork work;
  double written = 0.0;
  for (std::int64_t layer = run.n_layers() - 1; layer >= 0; --layer) {
    work.projections +=
        static_cast<double>(batch.active_rows(layer)) * d_model * (d_outputs + d_values);
    for (std::int64_t slot = 0; slot < batch.active_slots(layer); ++slot) {
      const auto rows = static_cast<double>(batch.row_begin(slot + 1) - batch.row_begin(slot));
      work.mixing += d_outputs * rows * ((rows + 1) / 2 + zeroed);
    }
    const auto rows = rows_by_position(batch, batch.active_slots(layer + 1), run.n_positions());
    const bool cross_layer = run.transcoders->info().cross_layer;
    for (std::int64_t q = run.zero_positions; q < run.n_positions(); ++q) {
      double sources = 1.0;
      for (std::int64_t from = cross_layer ? 0 : layer; from <= layer; ++from) {
        sources += static_cast<double>(columns.feature_count(from, q));
      }
      written += static_cast<double>(rows[static_cast<std::size_t>(q)]) * sources * d_model;
    }
  }
  written += static_cast<double>(batch.total_rows()) * d_model;
  work.contraction = written * kGigaFlopPerProduct;
  work.projections *= kGigaFlopPerProduct;
  work.mixing *= kGigaFlopPerProduct;
  return work;
}

double forward_work(const Model& model, std::int64_t n_positions) {
  const ModelConfig& c = model.config;
  const std::int64_t mlp = (c.mlp == MlpKind::kGated ? 3 : 2) * c.d_model * c.d_mlp;
  const std::int64_t attention = c.d_model * c.d_head * 2 * (c.n_heads + c.n_kv_heads);
  const std::int64_t scores = 2 * n_positions * c.n_heads * c.d_head;
  const std::int64_t products =
      c.n_layers * n_positions * (mlp + attention + scores) + c.vocabulary_size * c.d_model;
  return static_cast<double>(products) * kGigaFlopPerProduct;
}

double encode_work(const ReplacementRun& run) {
  const TranscoderInfo& info = run.transcoders->info();
  return static_cast<double>(info.n_layers * run.n_positions() * info.n_features * info.d_model) *
         kGigaFlopPerProduct;
}

}  // namespace circuit::bench
