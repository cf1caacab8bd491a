#include "tracer/text/bpe.h"

#include <algorithm>
#include <bit>
#include <queue>
#include <stdexcept>
#include <string>
#include <utility>

#include "tracer/text/byte_fallback.h"
#include "tracer/text/utf8.h"

namespace circuit {
namespace {

std::uint64_t pair_of(std::int32_t left, std::int32_t right) {
  return (std::uint64_t{static_cast<std::uint32_t>(left)} << 32U) |
         static_cast<std::uint32_t>(right);
}

std::size_t hash_pair(std::uint64_t pair) {
  const std::uint64_t hash = pair * 0x9E3779B97F4A7C15U;
  return static_cast<std::size_t>(hash ^ (hash >> 32U));
}

[[noreturn]] void fail_unknown(std::string_view token) {
  throw std::invalid_argument("[add_merge] \"" + std::string(token) +
                              "\" is not in the vocabulary");
}

}  // namespace

Bpe::Bpe(Vocabulary vocabulary, const BpeOptions& options)
    : vocabulary_(std::move(vocabulary)), options_(options) {
  for (std::size_t character = 0; character < short_characters_.size(); ++character) {
    std::string text;
    append_character(text, static_cast<char32_t>(character));
    short_characters_[character] = vocabulary_.find(text);
  }
  fallback_ = find_byte_tokens(vocabulary_, options_.byte_fallback);
  for (const std::int32_t id : fallback_) {
    if (id < 0) continue;
    least_byte_token_ = std::min(least_byte_token_, id);
    largest_byte_token_ = std::max(largest_byte_token_, id);
  }
}

void Bpe::reserve_merges(std::size_t n_merges) {
  const std::size_t n_slots = std::bit_ceil(n_merges + n_merges / 2 + 16);
  if (n_slots > merges_.size()) rehash_merges(n_slots);
}

void Bpe::add_merges(std::span<const MergeTexts> merges) {
  std::vector<std::string_view> parts;
  parts.reserve(2 * merges.size());
  for (const auto& [left, right] : merges) parts.insert(parts.end(), {left, right});
  std::vector<std::int32_t> ids(parts.size());
  vocabulary_.find_all(parts, ids);
  if (const auto missing = std::ranges::find(ids, -1); missing != ids.end()) {
    fail_unknown(parts[static_cast<std::size_t>(missing - ids.begin())]);
  }
  reserve_merges(n_merges_ + merges.size());
  for (std::size_t i = 0; i < merges.size(); ++i) {
    const std::size_t hash = hash_pair(pair_of(ids[2 * i], ids[2 * i + 1]));
    __builtin_prefetch(&merges_[hash & (merges_.size() - 1)], /*write=*/1);
  }
  for (std::size_t i = 0; i < merges.size(); ++i) {
    last_merged_ = find_merged(merges[i], last_merged_);
    add_merge(ids[2 * i], ids[2 * i + 1], last_merged_, next_rank_++);
  }
}

// Files hold merges mostly in the order of the tokens that they make: those need no lookup.
std::int32_t Bpe::find_merged(const MergeTexts& merge, std::int32_t last) const {
  const auto is_made = [&](std::int32_t id) {
    const std::string_view text = vocabulary_.text(id);
    return text.size() == merge.left.size() + merge.right.size() && text.starts_with(merge.left) &&
           text.ends_with(merge.right);
  };
  if (is_made(last)) return last;
  if (is_made(last + 1)) return last + 1;
  const std::string text = std::string(merge.left).append(merge.right);
  const std::int32_t id = vocabulary_.find(text);
  if (id < 0) fail_unknown(text);
  return id;
}

bool Bpe::is_stand_in(std::int32_t id) const {
  return id == options_.unknown_id || (id >= least_byte_token_ && id <= largest_byte_token_ &&
                                       std::ranges::find(fallback_, id) != fallback_.end());
}

void Bpe::add_merge(std::int32_t left, std::int32_t right, std::int32_t merged,
                    std::uint32_t rank) {
  merges_stand_ins_ = merges_stand_ins_ || is_stand_in(left) || is_stand_in(right);
  const std::uint64_t pair = pair_of(left, right);
  reserve_merges(n_merges_ + 1);
  Merge& slot = merge_slot(pair);
  if (slot.pair == kNoPair) ++n_merges_;
  slot = {pair, rank, merged};  // as in Hugging Face's, the last of equal pairs counts
}

void Bpe::rehash_merges(std::size_t n_slots) {
  const std::vector<Merge> old = std::exchange(merges_, std::vector<Merge>(n_slots));
  for (const Merge& merge : old) {
    if (merge.pair != kNoPair) merge_slot(merge.pair) = merge;
  }
}

Bpe::Merge& Bpe::merge_slot(std::uint64_t pair) {
  const std::size_t mask = merges_.size() - 1;
  std::size_t slot = hash_pair(pair) & mask;
  while (merges_[slot].pair != pair && merges_[slot].pair != kNoPair) slot = (slot + 1) & mask;
  return merges_[slot];
}

Bpe::Merge Bpe::find_merge(std::int32_t left, std::int32_t right) const {
  if (merges_.empty()) return {};
  const std::uint64_t pair = pair_of(left, right);
  const std::size_t mask = merges_.size() - 1;
  std::size_t slot = hash_pair(pair) & mask;
  while (merges_[slot].pair != pair && merges_[slot].pair != kNoPair) slot = (slot + 1) & mask;
  return merges_[slot];
}

std::int32_t Bpe::find_character(std::string_view character) const {
  const auto first = static_cast<unsigned char>(character[0]);
  if (character.size() == 1) return short_characters_[first];
  if (character.size() > 2) return vocabulary_.find(character);
  const auto second = static_cast<unsigned char>(character[1]);
  return short_characters_[((first & 0x1FU) << 6U) | (second & 0x3FU)];
}

// An unknown token waits until a known character follows, byte tokens overtake it: so does
// Hugging Face's, and ids must be equal.
void Bpe::append_characters(std::string_view word, std::vector<std::int32_t>& ids) const {
  bool unknown_waits = false;
  for (std::size_t position = 0; position < word.size();) {
    const std::size_t begin = position;
    next_character(word, position);
    const std::string_view character = word.substr(begin, position - begin);
    if (const std::int32_t id = find_character(character); id >= 0) {
      if (std::exchange(unknown_waits, false)) ids.push_back(*options_.unknown_id);
      ids.push_back(id);
    } else if (!append_byte_tokens(character, fallback_, ids) && options_.unknown_id) {
      if (unknown_waits && !options_.fuse_unknown) ids.push_back(*options_.unknown_id);
      unknown_waits = true;
    }
  }
  if (unknown_waits) ids.push_back(*options_.unknown_id);
}

void Bpe::encode(std::string_view word, std::vector<std::int32_t>& ids) const {
  if (options_.ignore_merges) {
    if (const std::int32_t id = vocabulary_.find(word); id >= 0) {
      ids.push_back(id);
      return;
    }
  }
  const std::size_t begin = ids.size();
  append_characters(word, ids);
  if (ids.size() - begin <= kMaxScanned) {
    merge_by_scan(ids, begin);
  } else {
    merge_by_heap(ids, begin);
  }
}

void Bpe::merge_by_scan(std::vector<std::int32_t>& ids, std::size_t begin) const {
  std::array<Merge, kMaxScanned> merges;  // [count - 1] of each neighbouring pair
  std::size_t count = ids.size() - begin;
  std::int32_t* const tokens = ids.data() + begin;
  for (std::size_t i = 0; i + 1 < count; ++i) merges[i] = find_merge(tokens[i], tokens[i + 1]);
  while (count > 1) {
    Merge* const end = merges.data() + count - 1;
    Merge* const best = std::min_element(
        merges.data(), end, [](const Merge& a, const Merge& b) { return a.rank < b.rank; });
    if (best->rank == kNoRank) break;
    const auto i = static_cast<std::size_t>(best - merges.data());
    tokens[i] = best->merged;
    std::copy(tokens + i + 2, tokens + count, tokens + i + 1);
    std::copy(best + 1, end, best);
    --count;
    if (i > 0) merges[i - 1] = find_merge(tokens[i - 1], tokens[i]);
    if (i + 1 < count) merges[i] = find_merge(tokens[i], tokens[i + 1]);
  }
  ids.resize(begin + count);
}

// A pair of neighbours that merges; out of date once either of them has merged elsewhere.
struct Bpe::Candidate {
  std::uint32_t rank;
  std::size_t left;
  std::int32_t left_id;
  std::int32_t right_id;
  std::int32_t merged;

  bool operator<(const Candidate& other) const {  // the heap gives the largest first
    return rank != other.rank ? rank > other.rank : left > other.left;
  }
};

void Bpe::merge_by_heap(std::vector<std::int32_t>& ids, std::size_t begin) const {
  const std::size_t count = ids.size() - begin;
  std::int32_t* const tokens = ids.data() + begin;  // -1 once merged into the token before
  std::vector<std::size_t> next(count), previous(count);
  for (std::size_t i = 0; i < count; ++i) {
    next[i] = i + 1;
    previous[i] = i - 1;  // that of 0 is never read
  }
  std::priority_queue<Candidate> queue;
  const auto push = [&](std::size_t left) {
    const std::size_t right = next[left];
    if (right >= count) return;
    const Merge merge = find_merge(tokens[left], tokens[right]);
    if (merge.rank == kNoRank) return;
    queue.push({merge.rank, left, tokens[left], tokens[right], merge.merged});
  };
  for (std::size_t i = 0; i < count; ++i) push(i);
  while (!queue.empty()) {
    const Candidate best = queue.top();
    queue.pop();
    const std::size_t right = next[best.left];
    if (right >= count || tokens[best.left] != best.left_id || tokens[right] != best.right_id) {
      continue;
    }
    tokens[best.left] = best.merged;
    tokens[right] = -1;
    next[best.left] = next[right];
    if (next[right] < count) previous[next[right]] = best.left;
    if (best.left > 0) push(previous[best.left]);
    push(best.left);
  }
  ids.erase(std::remove(ids.begin() + static_cast<std::ptrdiff_t>(begin), ids.end(), -1),
            ids.end());
}

}  // namespace circuit
