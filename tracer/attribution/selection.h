// Which active features become nodes when not all may: in rounds, those with the most influence on
// the outputs over the rows computed so far (docs/method.md, selection).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "tracer/attribution/row_store.h"

namespace circuit {

class FeatureSelection {
 public:
  /// `weights`: of every column of `store`, zeros, then of the output targets. At most `cap` of the
  /// active features are chosen, `round` at a time.
  FeatureSelection(const RowStore& store, std::vector<double> weights, std::size_t cap,
                   std::size_t round);

  /// The next features, ascending; empty when there are enough. All at once when none is left out.
  std::vector<std::int64_t> next();

 private:
  std::vector<std::int64_t> most_influential(std::size_t count) const;

  const RowStore& store_;
  std::vector<double> weights_;
  std::size_t cap_, round_;
  std::size_t chosen_ = 0;
  std::vector<bool> visited_;
};

}  // namespace circuit
