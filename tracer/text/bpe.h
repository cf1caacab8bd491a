// Byte-pair encoding of one word: its characters, merged pair by pair in the order of the file.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "tracer/text/vocabulary.h"

namespace circuit {

/// The texts of two tokens that become one.
struct MergeTexts {
  std::string_view left;
  std::string_view right;
};

struct BpeOptions {
  std::optional<std::int32_t> unknown_id;  ///< for characters that the vocabulary lacks
  bool fuse_unknown = false;   ///< writes neighbouring unknown characters as one unknown token
  bool byte_fallback = false;  ///< writes missing characters as the tokens <0x00> to <0xFF>
  bool ignore_merges = false;  ///< takes a whole word that is a token as that token
};

/// Immutable once built. Words of up to kMaxScanned tokens are merged by scanning for the best
/// pair, longer ones with a heap; the results are the same.
class Bpe {
 public:
  static constexpr std::size_t kMaxScanned = 48;

  Bpe(Vocabulary vocabulary, const BpeOptions& options);

  void reserve_merges(std::size_t n_merges);
  /// The next merges in order; many at once are faster. Throws std::invalid_argument when a part
  /// or a result is no token.
  void add_merges(std::span<const MergeTexts> merges);
  void add_merge(std::string_view left, std::string_view right) {
    add_merges(std::array{MergeTexts{left, right}});
  }
  /// The neighbours `left` and `right` become `merged`; pairs of the lowest rank merge first, among
  /// equals the leftmost. Ids are of the vocabulary. Not to be mixed with the other add_merge.
  void add_merge(std::int32_t left, std::int32_t right, std::int32_t merged, std::uint32_t rank);

  /// Appends the ids of `word`, valid UTF-8, to `ids`.
  void encode(std::string_view word, std::vector<std::int32_t>& ids) const;

  /// Whether every token that merging makes is the text of its characters: no merge has a part
  /// that stands for a byte or for an unknown character, and no word is looked up as a whole.
  bool joins_texts_only() const { return !options_.ignore_merges && !merges_stand_ins_; }

  const Vocabulary& vocabulary() const { return vocabulary_; }
  std::optional<std::int32_t> unknown_id() const { return options_.unknown_id; }

 private:
  struct Merge {
    std::uint64_t pair = kNoPair;  // left id, right id
    std::uint32_t rank = kNoRank;
    std::int32_t merged = -1;
  };
  struct Candidate;
  static constexpr std::uint64_t kNoPair = ~std::uint64_t{0};
  static constexpr std::uint32_t kNoRank = ~std::uint32_t{0};

  std::int32_t find_merged(const MergeTexts& merge, std::int32_t last) const;
  bool is_stand_in(std::int32_t id) const;
  void rehash_merges(std::size_t n_slots);
  Merge& merge_slot(std::uint64_t pair);
  /// Rank kNoRank when the pair does not merge.
  Merge find_merge(std::int32_t left, std::int32_t right) const;
  std::int32_t find_character(std::string_view character) const;
  void append_characters(std::string_view word, std::vector<std::int32_t>& ids) const;
  /// Merge the ids from `begin` to the end of `ids`.
  void merge_by_scan(std::vector<std::int32_t>& ids, std::size_t begin) const;
  void merge_by_heap(std::vector<std::int32_t>& ids, std::size_t begin) const;

  Vocabulary vocabulary_;
  BpeOptions options_;
  std::vector<Merge> merges_;  // open addressing, a power of two, at most two thirds full
  std::size_t n_merges_ = 0;
  std::uint32_t next_rank_ = 0;
  std::int32_t last_merged_ = -1;
  bool merges_stand_ins_ = false;
  std::array<std::int32_t, 0x800> short_characters_{};      // ids of characters of one or two bytes
  std::array<std::int32_t, 256> fallback_{};                // ids of <0x00> to <0xFF>, -1 for none
  std::int32_t least_byte_token_ = Vocabulary::kMaxTokens;  // of those that there are
  std::int32_t largest_byte_token_ = -1;
};

}  // namespace circuit
