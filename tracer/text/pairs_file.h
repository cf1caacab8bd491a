// A file of pairs of prompts, one JSON object a line (docs/formats.md, pairs file).
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace circuit {

/// One line.
struct PairEntry {
  std::size_t line = 0;  ///< counted from 1
  std::string id;        ///< unique in the file; by default the line number
  std::string from, to;  ///< ids of two prompts
  std::string split;     ///< empty where there is none
};

/// Reads and checks the whole file; empty lines are left out, other keys let be. Throws
/// std::runtime_error `[read_pairs] FILE:LINE: …` for what is no such line, `[read_pairs] FILE: …`
/// where there is no pair.
std::vector<PairEntry> read_pairs_file(const std::filesystem::path& path);

}  // namespace circuit
