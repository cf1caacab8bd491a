#include "tracer/attribution/rows.h"

#include <algorithm>
#include <cmath>

#include <ATen/ATen.h>

#include "tracer/model/threads.h"

namespace circuit {
namespace {

// Contracts gradients with sources as the sweep passes. Edges of the sources at a position form one
// matrix [rows of the position, columns of the position], in the order of the gradients' rows, so
// that every product writes or adds to a contiguous range of rows and columns.
class EdgeCollector : public GradientSink {
 public:
  EdgeCollector(const SourceTable& sources, const BackwardBatch& batch, at::ScalarType computed)
      : sources_(sources), batch_(batch), widen_(computed == at::kBFloat16) {
    const at::ScalarType type = widen_ ? at::kFloat : computed;
    for (std::int64_t q = 0; q < batch.n_positions(); ++q) {
      edges_.push_back(at::zeros({batch.rows(q), position(q).columns()}, type));
      tokens_.push_back(at::zeros({batch.rows(q)}, type));
    }
    zeroed_tokens_ = at::zeros({batch.size(), batch.zero_positions()}, type);
  }

  void write_site(std::int64_t layer, std::int64_t q, std::int64_t first_row,
                  const at::Tensor& gradients) override {
    const WriteSiteSources& site =
        sources_.written[static_cast<std::size_t>(layer)][static_cast<std::size_t>(q)];
    add_product(edges_[static_cast<std::size_t>(q)]
                    .narrow(0, first_row, gradients.size(0))
                    .narrow(1, site.begin, site.vectors.size(0)),
                gradients, site.vectors);
  }

  void embedding(std::int64_t q, std::int64_t first_row, const at::Tensor& gradients) override {
    tokens_[static_cast<std::size_t>(q)]
        .narrow(0, first_row, gradients.size(0))
        .copy_(at::mv(gradients, sources_.token_embeddings.select(0, q)));
  }

  void zeroed_values(std::int64_t layer, std::int64_t z, std::int64_t first_slot,
                     const at::Tensor& gradients) override {
    add_product(zeroed_tokens_.narrow(0, first_slot, gradients.size(0)), gradients,
                sources_.zeroed_token_values[static_cast<std::size_t>(layer)].select(0, z));
  }

  /// Double when the run is, else float.
  at::ScalarType type() const { return zeroed_tokens_.scalar_type(); }

  /// visit(column, weight) for each edge of `slot` that is not zero, columns ascending; call once
  /// the sweep is over. T is the C++ type of `type()`.
  template <class T, class Visit>
  void visit_row(std::int64_t slot, Visit&& visit) const {
    const ReadPoint& read = batch_.read(slot);
    const std::int64_t layers = std::min(read.layer, sources_.n_layers);
    for (std::int64_t layer = 0; layer < layers; ++layer) visit_features<T>(slot, layer, visit);
    for (std::int64_t layer = 0; layer < layers; ++layer) {
      for (std::int64_t q = batch_.zero_positions(); q <= read.position; ++q) {
        const std::int64_t column =
            position(q).layer_begin[static_cast<std::size_t>(layer) + 1] - 1;
        emit(sources_.error_column(layer, q), row<T>(slot, q)[column], visit);
      }
    }
    const T* zeroed = zeroed_tokens_.data_ptr<T>() + slot * batch_.zero_positions();
    for (std::int64_t z = 0; z < batch_.zero_positions(); ++z) {
      emit(sources_.token_column(z), zeroed[z], visit);
    }
    for (std::int64_t q = batch_.zero_positions(); q <= read.position; ++q) {
      const T* token = tokens_[static_cast<std::size_t>(q)].data_ptr<T>();
      emit(sources_.token_column(q), token[batch_.row(slot, q)], visit);
    }
  }

 private:
  // edges += gradients · vectorsᵀ; products in bf16 are added in float.
  void add_product(at::Tensor edges, const at::Tensor& gradients, const at::Tensor& vectors) const {
    if (widen_) {
      edges.add_(at::mm(gradients, vectors.t()));
    } else {
      edges.addmm_(gradients, vectors.t());
    }
  }

  const PositionSources& position(std::int64_t q) const {
    return sources_.positions[static_cast<std::size_t>(q)];
  }

  template <class T>
  const T* row(std::int64_t slot, std::int64_t q) const {
    const at::Tensor& edges = edges_[static_cast<std::size_t>(q)];
    return edges.data_ptr<T>() + batch_.row(slot, q) * edges.size(1);
  }

  template <class T, class Visit>
  void visit_features(std::int64_t slot, std::int64_t layer, Visit& visit) const {
    const auto index = static_cast<std::size_t>(layer);
    for (std::int64_t q = batch_.zero_positions(); q <= batch_.read(slot).position; ++q) {
      const PositionSources& sources = position(q);
      const std::int64_t begin = sources.layer_begin[index];
      const std::int64_t count = sources.layer_begin[index + 1] - begin - 1;
      const T* values = row<T>(slot, q) + begin;
      for (std::int64_t i = 0; i < count; ++i) {
        emit(sources.first_feature[index] + i, values[i], visit);
      }
    }
  }

  template <class T, class Visit>
  static void emit(std::int64_t column, T weight, Visit& visit) {
    if (weight != T{0}) visit(column, weight);
  }

  const SourceTable& sources_;
  const BackwardBatch& batch_;
  bool widen_;
  std::vector<at::Tensor> edges_;   ///< [n_positions] of [rows, columns]
  std::vector<at::Tensor> tokens_;  ///< [n_positions] of [rows]
  at::Tensor zeroed_tokens_;        ///< [slots, zero positions]
};

// Sums are taken before edges are rounded to float.
template <class T>
void append_row(const EdgeCollector& collector, std::int64_t slot, EdgeRows& out) {
  double total = 0.0, absolute = 0.0;
  collector.visit_row<T>(slot, [&](std::int64_t column, T weight) {
    out.edges.columns.push_back(static_cast<std::int32_t>(column));
    out.edges.weights.push_back(static_cast<float>(weight));
    total += static_cast<double>(weight);
    absolute += std::abs(static_cast<double>(weight));
  });
  out.edges.row_offsets.push_back(static_cast<std::int64_t>(out.edges.columns.size()));
  out.totals.totals.push_back(total);
  out.totals.absolute_totals.push_back(absolute);
}

// Appends the rows of a swept batch in the order in which its targets were given.
void append_rows(const EdgeCollector& collector, const BackwardBatch& batch, EdgeRows& out) {
  std::vector<std::int64_t> slot_of_target(static_cast<std::size_t>(batch.size()));
  for (std::int64_t slot = 0; slot < batch.size(); ++slot) {
    slot_of_target[static_cast<std::size_t>(batch.target(slot))] = slot;
  }
  for (const std::int64_t slot : slot_of_target) {
    if (collector.type() == at::kDouble) {
      append_row<double>(collector, slot, out);
    } else {
      append_row<float>(collector, slot, out);
    }
  }
}

}  // namespace

RowComputer::RowComputer(ReplacementRun& run, std::int64_t memory_bytes)
    : run_(run),
      sources_(collect_sources(run)),
      biases_(bias_stream(run)),
      backward_(run),
      memory_bytes_(memory_bytes) {}

std::int64_t RowComputer::batch_end(const RowTargets& targets, std::int64_t begin) const {
  const auto edge_bytes =
      static_cast<std::int64_t>(std::max(sizeof(float), at::elementSize(run_.model->dtype)));
  std::int64_t bytes = 0;
  std::int64_t end = begin;
  for (; end < static_cast<std::int64_t>(targets.reads.size()); ++end) {
    const std::int64_t position = targets.reads[static_cast<std::size_t>(end)].position;
    bytes += LinearBackward::bytes_per_target(run_, position);
    for (std::int64_t q = 0; q <= position; ++q) {
      bytes += sources_.positions[static_cast<std::size_t>(q)].columns() * edge_bytes;
    }
    if (bytes > memory_bytes_ && end > begin) break;
  }
  return end;
}

EdgeRows RowComputer::compute(const RowTargets& targets, const RowProgress& progress) {
  EdgeRows rows;
  const auto count = static_cast<std::int64_t>(targets.reads.size());
  for (std::int64_t begin = 0; begin < count;) {
    const std::int64_t end = batch_end(targets, begin);
    const BackwardBatch batch(
        std::span(targets.reads)
            .subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin)),
        run_.n_layers(), run_.n_positions(), run_.zero_positions);
    EdgeCollector collector(sources_, batch, run_.model->dtype);
    backward_.sweep(batch, targets.covectors.narrow(0, begin, end - begin), collector);
    append_rows(collector, batch, rows);
    begin = end;
    if (progress) progress(end);
  }
  for (std::int64_t i = 0; i < count; ++i) {
    const ReadPoint& read = targets.reads[static_cast<std::size_t>(i)];
    const at::Tensor& bias = read.layer == run_.n_layers()
                                 ? biases_.final_read
                                 : biases_.reads[static_cast<std::size_t>(read.layer)];
    const double along_paths =
        at::dot(targets.covectors.select(0, i), bias.select(0, read.position)).item<double>();
    rows.totals.bias_terms.push_back(along_paths + targets.constants[static_cast<std::size_t>(i)]);
  }
  rows.totals.pre_activations = targets.pre_activations;
  return rows;
}

}  // namespace circuit
