// The study of indirect features: whether those that a graph says matter most, though they have no
// direct edge to the answer, matter more when ablated than others do.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "tracer/study/evidence.h"

namespace circuit::studies {

/// A set of features of one prompt, ablated together: drop = the answer's log-probability without
/// them less that with them, negated.
struct TopSetStudy {
  std::size_t prompts = 0, clusters = 0;
  std::size_t without_set = 0;   ///< prompts left out: no feature of influence lacks a direct edge
  std::size_t few_to_match = 0;  ///< prompts left out: too few other features at the same places
  double median_rank = 0;        ///< of the set's drop among 51: itself and 50 matched sets
  Rate ranked_first;
  Mean size;                      ///< features of a set
  Mean drop;                      ///< of the sets of most influence without a direct edge
  Mean matched_drop;              ///< of the matched sets, their mean
  Mean activation_drop;           ///< of equally many by activation × decoder norm, any feature
  Mean activation_indirect_drop;  ///< of those, without a direct edge
  Mean direct_drop;               ///< of equally many by |direct edge|
  Mean over_activation;           ///< drop less activation_drop
  Mean over_activation_indirect;
  Mean over_direct;
};

/// On the `test` prompts of all families, at most `per_family` of each: the first of each cluster
/// (entity, concept, question or subject), in the order of the file.
TopSetStudy study_top_sets(const std::filesystem::path& model,
                           const std::filesystem::path& transcoders,
                           const std::filesystem::path& prompts, std::size_t per_family);

}  // namespace circuit::studies
