// What a viewer file had that a graph cannot hold, counted while it was read. Private to
// viewer_json_read.cpp.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace circuit {

struct ViewerOddities {
  std::size_t not_numbers = 0;
  std::size_t unknown_types = 0;
  std::string first_unknown_type;
  std::size_t repeated_nodes = 0;   ///< the same feature, error, token or target again
  std::size_t shared_ids = 0;       ///< another node under an id that is taken
  std::size_t ambiguous_links = 0;  ///< from an id that two nodes share, and no order tells
  std::size_t dangling_links = 0;
  std::size_t weightless_links = 0;
  std::size_t repeated_links = 0;
  std::size_t without_activation = 0;
  std::size_t without_influence = 0;
  bool influence_computed = false;
  std::size_t without_probability = 0;
  std::size_t without_token_id = 0;
  std::size_t moved_targets = 0;  ///< not at the last position
  bool layers_doubled = false;
  bool layers_guessed = false;
  std::size_t qk_results = 0;
  std::size_t unknown_ids = 0;  ///< of pins, groups and labels

  /// One sentence for each kind that occurred.
  std::vector<std::string> sentences() const;
};

}  // namespace circuit
