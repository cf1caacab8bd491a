// Decoder rows of the features that fire: each feature's once, however often it fires, read from
// the memory map once a trace, or a layer at a time where all of them would be too large.
#pragma once

#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>

#include "transcoders/transcoder_set.h"

namespace circuit {

class DecoderRows {
 public:
  DecoderRows() = default;
  /// `features`: for each source layer the features that fire there (i64 [k], repeats allowed).
  /// Reads the rows now and keeps them when all of them take at most `keep_bytes`.
  DecoderRows(const TranscoderSet& transcoders, const std::vector<at::Tensor>& features,
              std::int64_t keep_bytes);

  /// The rows that features of layer `from` write into `layer`: [distinct, d_model], without their
  /// activation. A view of what is kept, else read now.
  at::Tensor rows(std::int64_t from, std::int64_t layer) const;
  /// Where the i-th feature given for layer `from` is in `rows`: i64 [k].
  const at::Tensor& index(std::int64_t from) const {
    return layers_[static_cast<std::size_t>(from)].index;
  }

  bool kept() const { return kept_; }
  /// Bytes of all rows, whether or not they are kept.
  std::int64_t bytes() const;
  /// Bytes of the rows that write into one layer, at most.
  std::int64_t largest_layer_bytes() const;

 private:
  struct Layer {
    at::Tensor features;  ///< i64 [distinct] ascending
    at::Tensor index;     ///< i64 [k] into `features`
    at::Tensor rows;      ///< [distinct, layers written, d_model] when kept
  };

  std::int64_t row_bytes() const;

  const TranscoderSet* transcoders_ = nullptr;
  std::vector<Layer> layers_;
  bool kept_ = false;
};

}  // namespace circuit
