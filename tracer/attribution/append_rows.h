// Puts computed rows into the store with all that is kept of them: what they sum to before they are
// rounded, their bias terms, the values they explain.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "tracer/attribution/row_store.h"
#include "tracer/attribution/rows.h"
#include "tracer/replacement/linear_forward.h"

namespace circuit {

/// The bias stream of a run, on the CPU.
FrozenStream host_bias_stream(const ReplacementRun& run);

/// Appends the rows of `targets`, which are `nodes` there: `fill` gets zeroed rows of
/// columns.width(read) values of type T, float or double, one a target. Parallel over rows.
template <class T>
void append_rows(const RowTargets& targets, std::span<const std::int64_t> nodes,
                 const FrozenStream& biases, RowStore& store,
                 const std::function<void(std::span<T* const>)>& fill);

}  // namespace circuit
