// The vectors of all sources on a device, a layer as one matrix per position of the prompt, all
// positions padded to the same number of columns (docs/architecture.md, device).
#pragma once

#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>

#include "tracer/attribution/sources.h"
#include "tracer/machine/device.h"

namespace circuit {

/// The columns that every position has on the device: for each layer as many as it has features at
/// the position with the most, then its error; in the end the token.
class DeviceColumns {
 public:
  explicit DeviceColumns(const ColumnLayout& columns);

  std::int64_t begin(std::int64_t layer) const { return begin_[static_cast<std::size_t>(layer)]; }
  std::int64_t end(std::int64_t layer) const { return begin(layer + 1); }
  std::int64_t error(std::int64_t layer) const { return end(layer) - 1; }
  std::int64_t token() const { return begin_.back(); }
  std::int64_t size() const { return token() + 1; }

 private:
  std::vector<std::int64_t> begin_;  ///< [n_layers + 1]
};

/// Hands out the source matrices of a layer after the other, downwards; gathers them on the CPU and
/// copies the next layer's while the device works. Not for several threads; uses all of them.
class DeviceSources {
 public:
  /// `resident`: a layer stays on the device once it was there.
  DeviceSources(const ReplacementRun& run, Sources& sources, bool resident);

  const DeviceColumns& columns() const { return columns_; }

  /// [n_positions - zero_positions, columns, d_model] in the weights' type: what is written into
  /// `layer` at each position, 0 where nothing is; the columns are first_column(layer) …
  /// columns().end(layer) - 1. Stays as it is until the call after the next.
  at::Tensor layer(std::int64_t layer);
  std::int64_t first_column(std::int64_t layer) const {
    return columns_.begin(sources_.first_layer(layer));
  }

  /// Bytes of the matrix of one layer.
  std::int64_t layer_bytes(std::int64_t layer) const;

 private:
  /// A matrix on its way to the device.
  struct Stage {
    at::Tensor host, device;
    std::int64_t layer = -1;
    CopyLane lane;  ///< last, so that it waits before the tensors go
  };

  std::vector<std::int64_t> shape(std::int64_t layer) const;
  void start(std::int64_t layer);
  void gather(std::int64_t layer, const at::Tensor& out);

  const ReplacementRun& run_;
  Sources& sources_;
  DeviceColumns columns_;
  bool resident_;
  std::vector<at::Tensor> kept_;  ///< [n_layers] when resident
  std::vector<Stage> stages_;     ///< two: layer l uses l % 2
};

}  // namespace circuit
