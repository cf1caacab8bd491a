// Edge rows computed on a device: while it sweeps one batch, the rows of the batch before come to
// the CPU and into the store (docs/architecture.md, device).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <ATen/core/Tensor.h>

#include "tracer/attribution/device_sources.h"
#include "tracer/attribution/rows.h"
#include "tracer/machine/device.h"
#include "tracer/replacement/device_backward.h"

namespace circuit {

/// On the device of the run, which may be the CPU. Buffers live as long as it and grow to the
/// largest batch.
class DeviceRows : public RowEngine {
 public:
  DeviceRows(const ReplacementRun& run, Sources& sources, at::ScalarType products,
             bool resident_sources);

  /// Begins a sweep, then finishes the one before.
  void add_rows(const RowTargets& targets, std::span<const std::int64_t> nodes,
                RowStore& store) override;
  void finish(RowStore& store) override;

  /// Of one sweep, waiting for it: the rows of `targets`, each zeroed before, columns.width(read)
  /// values of T, which is the sum type of the products.
  template <class T>
  void sweep(const RowTargets& targets, std::span<T* const> rows);

  /// Bytes of the device for each position of each target, and of one of the two host buffers that
  /// rows come to.
  static std::int64_t bytes_per_row(const ReplacementRun& run, const DeviceColumns& columns);
  static std::int64_t host_bytes_per_row(const ReplacementRun& run, const DeviceColumns& columns);

 private:
  /// A batch that was given to the device: its edges, on the device and on their way to the CPU,
  ///   [carried positions, slots, columns], then [slots, tokens of zeroed positions].
  struct Flight {
    at::Tensor device, host;
    BackwardBatch batch;
    RowTargets targets;
    std::vector<std::int64_t> nodes;
    bool under_way = false;
    CopyLane lane;  ///< last, so that it waits before the tensors go
  };

  void launch(Flight& flight);
  void land(Flight& flight, RowStore& store);
  template <class T>
  void scatter(const Flight& flight, std::span<T* const> rows) const;
  template <class T>
  void scatter_row(const Flight& flight, std::int64_t slot, T* row) const;

  const ReplacementRun& run_;
  const Sources& sources_;
  at::ScalarType sums_;
  FrozenStream biases_;  ///< on the CPU
  DeviceSources matrices_;
  DeviceBackward backward_;
  std::vector<Flight> flights_;  ///< two, used in turn
  std::size_t next_ = 0;
};

}  // namespace circuit
