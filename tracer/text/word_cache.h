// Remembers which ids the words of one text got, so that each is merged once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace circuit {

/// Lives as long as one encoding: keys look into its text, values into its list of ids. That
/// needs no lock, and no bound on what is kept from text to text.
class WordCache {
 public:
  struct Range {
    std::size_t begin = 0;
    std::size_t end = 0;
  };
  struct Entry {
    std::string_view word;  ///< data() is null in a free entry
    std::uint32_t hash = 0;
    Range ids;

    bool is_new() const { return word.data() == nullptr; }
  };

  /// The entry of `word`; for a new one call fill before the next find. `word` must not be empty
  /// and must outlive the cache.
  Entry& find(std::string_view word);
  void fill(Entry& entry, std::string_view word, Range ids);

 private:
  void grow();

  std::vector<Entry> entries_;  // open addressing, a power of two, at most half full
  std::size_t n_words_ = 0;
  std::uint32_t last_hash_ = 0;
};

}  // namespace circuit
