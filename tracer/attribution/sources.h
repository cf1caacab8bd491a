// The sources of edges, grouped by where they write: for each position one list of columns, and for
// each (layer, position) one matrix of the vectors written there (docs/method.md, sources).
#pragma once

#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>

#include "tracer/replacement/run.h"

namespace circuit {

/// Columns of one position, ordered by layer: the features of the layer, then its error. A product
/// of gradients with `vectors` gives the edges of a contiguous range of columns.
struct PositionSources {
  std::vector<std::int64_t> layer_begin;    ///< [n_layers + 1] first column of each layer
  std::vector<std::int64_t> first_feature;  ///< [n_layers] active-feature index of that column
  std::int64_t columns() const { return layer_begin.back(); }
};

/// Vectors that write at one (layer, position): columns `begin` … `begin + vectors.size(0)`.
struct WriteSiteSources {
  std::int64_t begin = 0;
  at::Tensor vectors;  ///< [columns, d_model]; zero rows for errors of earlier layers
};

struct SourceTable {
  std::int64_t n_active = 0;  ///< k; columns of the graph: k features, errors, tokens
  std::int64_t n_layers = 0;
  std::int64_t n_positions = 0;
  std::int64_t zero_positions = 1;
  std::vector<PositionSources> positions;              ///< [n_positions]; empty lists when zeroed
  std::vector<std::vector<WriteSiteSources>> written;  ///< [n_layers][n_positions]
  /// What the tokens of zeroed positions put on the attention values of zeroed positions:
  /// [n_layers] of [zero positions, tokens, n_kv_heads * d_head].
  std::vector<at::Tensor> zeroed_token_values;
  at::Tensor token_embeddings;  ///< [n_positions, d_model]

  std::int64_t error_column(std::int64_t layer, std::int64_t position) const {
    return n_active + layer * n_positions + position;
  }
  std::int64_t token_column(std::int64_t position) const {
    return n_active + n_layers * n_positions + position;
  }
  std::int64_t n_columns() const { return token_column(n_positions); }
};

/// Groups the decoder rows of `run` and frees them there; while it runs they are held twice.
SourceTable collect_sources(ReplacementRun& run);

}  // namespace circuit
