// One run of one prompt in a study, and what came of it.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace circuit {

/// Metric -> value; null values of files are NaN.
using CellValues = std::map<std::string, double>;

/// How tables name it.
struct CellName {
  std::string prompt, pair;
  std::string intervention;  ///< `none`: the model as it is
  std::string control;       ///< empty = the intervention itself
  double strength = 0;       ///< of `none` 0
  std::uint64_t seed = 0;    ///< of random sets their number, else the study's
};

struct Cell {
  std::string key;  ///< 16 hexadecimal digits: a hash of all that its values depend on
  CellName name;
  std::map<std::string, CellValues> values;  ///< by control, as `results.csv` has it
  std::string left_out;                      ///< why there are none; empty = there are
};

/// One line of `cells.jsonl`, with its end.
std::string cell_line(const Cell& cell);
/// Throws std::runtime_error with what is wrong.
Cell parse_cell(const std::string& line);

}  // namespace circuit
