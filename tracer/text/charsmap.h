// The table of SentencePiece's normalizer (precompiled_charsmap): which characters become which.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace circuit {

/// Immutable once built.
class Charsmap {
 public:
  struct Match {
    std::size_t length = 0;        ///< bytes of the text
    std::string_view replacement;  ///< valid as long as the table
  };

  /// `blob` is the field as it stands in the file: the size of a double array, the array, and the
  /// replacements, each ended by a zero. Throws std::invalid_argument when it is damaged.
  explicit Charsmap(std::string_view blob);

  /// Entries that `text` begins with: as SentencePiece takes them, and Hugging Face's library.
  std::optional<Match> longest_match(std::string_view text) const;
  std::optional<Match> shortest_match(std::string_view text) const;

 private:
  template <typename Visit>
  void visit_matches(std::string_view text, Visit visit) const;
  std::string_view replacement_at(std::uint32_t offset) const;

  std::vector<std::uint32_t> units_;  // Darts' double array
  std::string replacements_;
};

/// As Hugging Face's library applies the table: to clusters of characters shorter than 6 bytes as
/// a whole, where its shortest entry replaces all of the cluster, else to each character. Requires
/// valid UTF-8.
std::string map_clusters(std::string_view text, const Charsmap& charsmap);

}  // namespace circuit
