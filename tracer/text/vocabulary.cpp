#include "tracer/text/vocabulary.h"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <stdexcept>
#include <utility>

#include "tracer/text/string_hash.h"

namespace circuit {

void Vocabulary::reserve(std::size_t n_tokens, std::size_t n_bytes) {
  bytes_.reserve(n_bytes);
  pages_.reserve(n_tokens / kPageSize + 1);
  const std::size_t n_slots = std::bit_ceil(2 * n_tokens + 16);
  if (n_slots > slots_.size()) rehash(n_slots);
}

bool Vocabulary::add(std::string_view text, std::int32_t id) {
  if (id < 0 || id >= kMaxTokens) {
    throw std::invalid_argument("[add_token] id " + std::to_string(id) + ", expected 0 to " +
                                std::to_string(kMaxTokens - 1));
  }
  if (text.size() >= kNoOffset - bytes_.size()) {
    throw std::invalid_argument("[add_token] the vocabulary has 4 GiB of text or more");
  }
  if (2 * (n_tokens_ + 1) > slots_.size()) rehash(std::max<std::size_t>(64, 2 * slots_.size()));
  const std::uint32_t hash = hash_string(text);
  const std::size_t slot = slot_of(text, hash);
  if (slots_[slot].id >= 0 || contains(id)) return false;
  const Place place{static_cast<std::uint32_t>(bytes_.size()),
                    static_cast<std::uint32_t>(text.size())};
  set_place(static_cast<std::size_t>(id), place);
  size_ = std::max(size_, id + 1);
  slots_[slot] = {hash, id, place};
  bytes_ += text;
  ++n_tokens_;
  return true;
}

std::int32_t Vocabulary::find(std::string_view text) const {
  return slots_.empty() ? -1 : slots_[slot_of(text, hash_string(text))].id;
}

void Vocabulary::find_all(std::span<const std::string_view> texts,
                          std::span<std::int32_t> ids) const {
  constexpr std::size_t kBlock = 64;
  std::array<std::uint32_t, kBlock> hashes;
  for (std::size_t begin = 0; begin < texts.size(); begin += kBlock) {
    const std::size_t count = std::min(kBlock, texts.size() - begin);
    for (std::size_t i = 0; i < count && !slots_.empty(); ++i) {
      hashes[i] = hash_string(texts[begin + i]);
      __builtin_prefetch(&slots_[hashes[i] & (slots_.size() - 1)]);
    }
    for (std::size_t i = 0; i < count && !slots_.empty(); ++i) {
      const Slot& slot = slots_[slot_of_hash(hashes[i])];
      if (slot.id >= 0) __builtin_prefetch(bytes_.data() + slot.place.offset);
    }
    for (std::size_t i = 0; i < count; ++i) {
      ids[begin + i] = slots_.empty() ? -1 : slots_[slot_of(texts[begin + i], hashes[i])].id;
    }
  }
}

bool Vocabulary::contains(std::int32_t id) const {
  return id >= 0 && id < size() && place(id).offset != kNoOffset;
}

std::string_view Vocabulary::text(std::int32_t id) const {
  return contains(id) ? text_at(place(id)) : std::string_view();
}

std::string_view Vocabulary::text_at(const Place& place) const {
  return {bytes_.data() + place.offset, place.length};
}

Vocabulary::Place Vocabulary::place(std::int32_t id) const {
  const auto index = static_cast<std::size_t>(id);
  const std::vector<Place>& page = pages_[index / kPageSize];
  return page.empty() ? Place() : page[index % kPageSize];
}

void Vocabulary::set_place(std::size_t id, Place place) {
  if (id / kPageSize >= pages_.size()) pages_.resize(id / kPageSize + 1);
  std::vector<Place>& page = pages_[id / kPageSize];
  if (page.empty()) page.resize(kPageSize);
  page[id % kPageSize] = place;
}

void Vocabulary::rehash(std::size_t n_slots) {
  std::vector<Slot> slots(n_slots);
  for (const Slot& old : slots_) {
    if (old.id < 0) continue;
    std::size_t slot = old.hash & (n_slots - 1);
    while (slots[slot].id >= 0) slot = (slot + 1) & (n_slots - 1);
    slots[slot] = old;
  }
  slots_ = std::move(slots);
}

std::size_t Vocabulary::slot_of_hash(std::uint32_t hash) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = hash & mask;
  while (slots_[slot].id >= 0 && slots_[slot].hash != hash) slot = (slot + 1) & mask;
  return slot;
}

std::size_t Vocabulary::slot_of(std::string_view text, std::uint32_t hash) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = hash & mask;
  while (slots_[slot].id >= 0 &&
         (slots_[slot].hash != hash || text_at(slots_[slot].place) != text)) {
    slot = (slot + 1) & mask;
  }
  return slot;
}

}  // namespace circuit
