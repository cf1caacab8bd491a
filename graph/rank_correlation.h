// How far two lists of numbers order the same things alike.
#pragma once

#include <optional>
#include <span>

namespace circuit {

/// Spearman's: the correlation of ranks, equal values sharing their mean rank. Empty with fewer
/// than two pairs or where a list is constant. Throws std::invalid_argument when lengths differ.
std::optional<double> rank_correlation(std::span<const double> a, std::span<const double> b);

}  // namespace circuit
