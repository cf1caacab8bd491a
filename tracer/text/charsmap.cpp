#include "tracer/text/charsmap.h"

#include <cstring>
#include <stdexcept>

#include "tracer/text/grapheme.h"
#include "tracer/text/utf8.h"

namespace circuit {
namespace {

// A unit of the double array: where the children are, which byte leads here, what it is worth.
std::uint32_t offset_of(std::uint32_t unit) { return (unit >> 10U) << ((unit & 0x200U) >> 6U); }
std::uint32_t label_of(std::uint32_t unit) { return unit & 0x800000FFU; }
std::uint32_t value_of(std::uint32_t unit) { return unit & 0x7FFFFFFFU; }
bool has_value(std::uint32_t unit) { return (unit & 0x100U) != 0; }

constexpr std::size_t kLongestCluster = 5;  // bytes

}  // namespace

Charsmap::Charsmap(std::string_view blob) {
  std::uint32_t n_bytes = 0;
  const auto fail = [](const std::string& what) {
    throw std::invalid_argument("[read_charsmap] " + what);
  };
  if (blob.size() < sizeof(n_bytes))
    fail("the table has " + std::to_string(blob.size()) + " bytes");
  std::memcpy(&n_bytes, blob.data(), sizeof(n_bytes));
  blob.remove_prefix(sizeof(n_bytes));
  if (n_bytes == 0 || n_bytes % 4 != 0 || n_bytes > blob.size()) {
    fail("the double array has " + std::to_string(n_bytes) + " of the table's " +
         std::to_string(blob.size()) + " bytes");
  }
  units_.resize(n_bytes / 4);
  std::memcpy(units_.data(), blob.data(), n_bytes);
  replacements_ = blob.substr(n_bytes);
  if (!replacements_.ends_with('\0')) fail("the last replacement is not ended by a zero");
}

// Positions and offsets come from the file: none is trusted.
template <typename Visit>
void Charsmap::visit_matches(std::string_view text, Visit visit) const {
  std::size_t position = offset_of(units_[0]);
  for (std::size_t i = 0; i < text.size() && text[i] != '\0'; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    position ^= byte;
    if (position >= units_.size() || label_of(units_[position]) != byte) return;
    const std::uint32_t unit = units_[position];
    position ^= offset_of(unit);
    if (!has_value(unit) || position >= units_.size()) continue;
    const std::uint32_t offset = value_of(units_[position]);
    if (offset < replacements_.size() && !visit(Match{i + 1, replacement_at(offset)})) return;
  }
}

std::string_view Charsmap::replacement_at(std::uint32_t offset) const {
  return replacements_.data() + offset;  // ends at a zero, the last byte at the latest
}

std::optional<Charsmap::Match> Charsmap::longest_match(std::string_view text) const {
  std::optional<Match> longest;
  visit_matches(text, [&longest](const Match& match) {
    longest = match;
    return true;
  });
  return longest;
}

std::optional<Charsmap::Match> Charsmap::shortest_match(std::string_view text) const {
  std::optional<Match> shortest;
  visit_matches(text, [&shortest](const Match& match) {
    shortest = match;
    return false;
  });
  return shortest;
}

std::string map_clusters(std::string_view text, const Charsmap& charsmap) {
  std::string result;
  result.reserve(text.size());
  const auto append = [&](std::string_view part) {
    const auto match = charsmap.shortest_match(part);
    if (match) result += match->replacement;
    return match.has_value();
  };
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = next_cluster(text, begin);
    const std::string_view cluster = text.substr(begin, end - begin);
    begin = end;
    if (cluster.size() <= kLongestCluster && append(cluster)) continue;
    for (std::size_t position = 0; position < cluster.size();) {
      const std::size_t character = position;
      next_character(cluster, position);
      const std::string_view part = cluster.substr(character, position - character);
      if (!append(part)) result += part;
    }
  }
  return result;
}

}  // namespace circuit
