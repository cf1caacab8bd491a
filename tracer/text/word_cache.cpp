#include "tracer/text/word_cache.h"

#include <utility>

#include "tracer/text/string_hash.h"

namespace circuit {

WordCache::Entry& WordCache::find(std::string_view word) {
  if (2 * (n_words_ + 1) > entries_.size()) grow();
  last_hash_ = hash_string(word);
  const std::size_t mask = entries_.size() - 1;
  std::size_t slot = last_hash_ & mask;
  while (!entries_[slot].is_new() &&
         (entries_[slot].hash != last_hash_ || entries_[slot].word != word)) {
    slot = (slot + 1) & mask;
  }
  return entries_[slot];
}

void WordCache::fill(Entry& entry, std::string_view word, Range ids) {
  entry = {word, last_hash_, ids};
  ++n_words_;
}

void WordCache::grow() {
  const std::size_t n_entries = entries_.empty() ? 64 : 2 * entries_.size();
  const std::vector<Entry> old = std::exchange(entries_, std::vector<Entry>(n_entries));
  for (const Entry& entry : old) {
    if (entry.is_new()) continue;
    std::size_t slot = entry.hash & (n_entries - 1);
    while (!entries_[slot].is_new()) slot = (slot + 1) & (n_entries - 1);
    entries_[slot] = entry;
  }
}

}  // namespace circuit
