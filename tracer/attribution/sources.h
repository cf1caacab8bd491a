// The vectors of all sources, handed out by the place where they write: the features and the error
// of a (layer, position) as one matrix, token embeddings, and what the tokens of zeroed positions
// put on attention values (docs/method.md, sources).
#pragma once

#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>

#include "tracer/attribution/columns.h"
#include "tracer/replacement/run.h"

namespace circuit {

class Sources {
 public:
  /// Keeps every matrix that `written` gives, from its first use on, when all of them take at most
  /// `keep_bytes`: rounds of few targets spend a tenth of their time gathering.
  explicit Sources(const ReplacementRun& run, std::int64_t keep_bytes = std::int64_t{256} << 20);

  const ColumnLayout& columns() const { return columns_; }
  /// The type of the vectors that `written` gives.
  at::ScalarType type() const { return run_.transcoders->dtype(); }

  /// The lowest layer whose features write into `layer`.
  std::int64_t first_layer(std::int64_t layer) const { return cross_layer_ ? 0 : layer; }

  /// Makes `layer` the one that `written` is about; reads its decoder rows where they are not kept.
  void open_layer(std::int64_t layer);
  /// The same for callers that take `kept` where it is there, and `written` only where it is not.
  void open_kept_layer(std::int64_t layer);
  /// Sources that write at (the open layer, position): the features of layers first_layer … layer,
  /// in the order of columns, then the error of the layer.
  std::int64_t written_count(std::int64_t position) const;
  /// Their vectors [written_count, d_model], into `out` of that shape, contiguous, of the weights'
  /// type. May run for several positions at once.
  void written(std::int64_t position, at::Tensor out) const;
  /// The same matrix where it is kept, else an undefined tensor.
  at::Tensor kept(std::int64_t position) const;
  /// Bytes that kept matrices take in the end; 0 when they are not kept.
  std::int64_t kept_bytes() const { return keeps_ ? all_bytes() : 0; }
  /// Of those, the features of layer `from` alone: [feature_count(from, position), d_model].
  void written_by(std::int64_t from, std::int64_t position, at::Tensor out) const;
  /// The error of the open layer at each position, [n_positions, d_model] in the sum type.
  const at::Tensor& errors() const { return run_.errors[static_cast<std::size_t>(open_layer_)]; }

  /// [n_positions, d_model] in the sum type.
  const at::Tensor& token_embeddings() const { return run_.record.token_embeddings; }
  /// What the tokens of zeroed positions put on the attention values of zeroed positions:
  /// [zero positions, tokens, n_kv_heads * d_head] in the sum type.
  const at::Tensor& zeroed_token_values(std::int64_t layer) const {
    return zeroed_token_values_[static_cast<std::size_t>(layer)];
  }

 private:
  std::int64_t all_bytes() const;
  void keep_open_layer();

  const ReplacementRun& run_;
  bool cross_layer_;
  ColumnLayout columns_;
  std::vector<at::Tensor> zeroed_token_values_;  ///< [n_layers]
  std::int64_t open_layer_ = -1;
  std::vector<ScaledRows> open_rows_;  ///< of the layers first_layer(open_layer_) … open_layer_
  bool keeps_ = false;
  std::vector<std::vector<at::Tensor>> kept_;  ///< [n_layers] of [n_positions], or empty
};

}  // namespace circuit
