// The study of indirect features: whether those that a graph says matter most, though they have no
// direct edge to the answer, matter more when ablated than others do.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "tracer/study/evidence.h"

namespace circuit::studies {

/// Beside 50 other sets with as many features at each layer and position.
struct MatchedSets {
  std::size_t prompts = 0;  ///< that have enough other features
  double median_rank = 0;   ///< of the set's drop among 51
  Rate ranked_first;
  Mean drop;  ///< of the other sets, their mean
};

/// Of each prompt, at most 10 features of most influence of those whose direct edge to the answer
/// carries less than a tenth of it, ablated together. Drop = log-probability of the answer's first
/// token without ablation less that with it.
struct TopSetStudy {
  std::size_t prompts = 0, clusters = 0;
  std::size_t without_set = 0;    ///< prompts left out: no such feature
  MatchedSets matched;            ///< any features, scaled so that as much is written
  Mean size;                      ///< features of a set
  Mean drop;                      ///< of the sets of most influence without a direct edge
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
