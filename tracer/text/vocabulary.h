// The tokens of a model of a tokenizer.json: id of a text and text of an id.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace circuit {

class Vocabulary {
 public:
  /// Ids must be below this; it bounds the memory that a damaged file can ask for.
  static constexpr std::int32_t kMaxTokens = 1 << 24;

  /// Makes room, so that adding does not move what is stored.
  void reserve(std::size_t n_tokens, std::size_t n_bytes);

  /// False, changing nothing, when the text or the id is taken already. Throws
  /// std::invalid_argument when `id` is outside [0, kMaxTokens).
  bool add(std::string_view text, std::int32_t id);

  /// The id of `text`, -1 when there is none.
  std::int32_t find(std::string_view text) const;

  /// The same for each of `texts`, several times as fast where they are many: a lookup in a large
  /// vocabulary is two cache misses, which overlap here. The lists are equally long.
  void find_all(std::span<const std::string_view> texts, std::span<std::int32_t> ids) const;

  bool contains(std::int32_t id) const;
  /// Empty when there is no such id; valid until the next add.
  std::string_view text(std::int32_t id) const;

  std::int32_t n_tokens() const { return static_cast<std::int32_t>(n_tokens_); }
  /// Largest id + 1; more than n_tokens where ids are left out.
  std::int32_t size() const { return size_; }

 private:
  struct Place {
    std::uint32_t offset = kNoOffset;
    std::uint32_t length = 0;
  };
  struct Slot {
    std::uint32_t hash = 0;
    std::int32_t id = -1;
    Place place;  // the same as place(id): loading looks up a million texts, each a cache miss
  };
  static constexpr std::uint32_t kNoOffset = 0xFFFFFFFFU;
  static constexpr std::size_t kPageSize = 1024;

  void rehash(std::size_t n_slots);
  /// The slot that holds `text`, or the free one where it belongs.
  std::size_t slot_of(std::string_view text, std::uint32_t hash) const;
  /// The first slot of this hash, or the free one where it belongs.
  std::size_t slot_of_hash(std::uint32_t hash) const;
  std::string_view text_at(const Place& place) const;
  /// Of an id below size().
  Place place(std::int32_t id) const;
  void set_place(std::size_t id, Place place);

  std::string bytes_;  // all texts, one after the other
  // Into bytes_, by id / kPageSize; empty where no id is: a small file may name a large one.
  std::vector<std::vector<Place>> pages_;
  std::vector<Slot> slots_;  // open addressing, a power of two, at most half full
  std::size_t n_tokens_ = 0;
  std::int32_t size_ = 0;
};

}  // namespace circuit
