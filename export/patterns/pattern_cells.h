// Attention weights as colours: steps of a scale, and runs of equal cells as SVG paths. Private to
// pictures of patterns.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace circuit {

struct PatternStep {
  double least = 0;  ///< Weights from here up to the next step's.
  const char* colour = "";
};

/// Ascending. Steps grow, since most weights are small; what lies below the first is not drawn.
inline constexpr std::array<PatternStep, 7> kPatternSteps{{{0.005, "#E3EEF6"},
                                                           {0.02, "#C2DBEC"},
                                                           {0.05, "#94C0DE"},
                                                           {0.1, "#5FA2CD"},
                                                           {0.2, "#2F83B9"},
                                                           {0.4, "#0E6399"},
                                                           {0.7, "#063B60"}}};

/// The index of a weight's step; kPatternSteps.size() for one that is not drawn.
std::size_t pattern_step(double weight);

/// Neighbours of a row that are of one step, over all rows of `weights` [n, n].
std::size_t count_runs(std::span<const float> weights, std::size_t n, std::size_t first_step);

/// SVG markup of a head's map with the upper left corner at `x`, `y`: a path for each step from
/// `first_step` on, over the staircase of keys that a query cannot see. Refers to the styles and
/// the shape of `map_definitions`. `title` is what viewers show when it is pointed at.
std::string map_markup(std::span<const float> weights, std::size_t n, std::size_t first_step,
                       double x, double y, double cell, std::string_view title);

/// Needed once in a file, for maps of n × n cells.
std::string map_definitions(std::size_t n);

}  // namespace circuit
