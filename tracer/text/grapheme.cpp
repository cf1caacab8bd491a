#include "tracer/text/grapheme.h"

#include <unicode/uchar.h>

#include "tracer/text/utf8.h"

namespace circuit {
namespace {

// What the rules ask of the characters of a cluster so far.
struct Cluster {
  int last_class = U_GCB_OTHER;
  bool ends_with_joined_picture = false;  // a picture, its modifiers, a joiner
  bool is_picture = false;                // a picture and its modifiers
  bool has_odd_flags = false;             // an odd number of regional indicators
};

struct Character {
  int break_class = U_GCB_OTHER;
  bool is_picture = false;
};

Character classify(char32_t character) {
  const auto c = static_cast<UChar32>(character);
  return {u_getIntPropertyValue(c, UCHAR_GRAPHEME_CLUSTER_BREAK),
          u_hasBinaryProperty(c, UCHAR_EXTENDED_PICTOGRAPHIC) != 0};
}

bool is_control(int break_class) {
  return break_class == U_GCB_CONTROL || break_class == U_GCB_CR || break_class == U_GCB_LF;
}

bool joins_hangul(int left, int right) {
  switch (left) {
    case U_GCB_L:
      return right == U_GCB_L || right == U_GCB_V || right == U_GCB_LV || right == U_GCB_LVT;
    case U_GCB_LV:
    case U_GCB_V:
      return right == U_GCB_V || right == U_GCB_T;
    case U_GCB_LVT:
    case U_GCB_T:
      return right == U_GCB_T;
    default:
      return false;
  }
}

bool joins(const Cluster& cluster, const Character& next) {
  const int left = cluster.last_class;
  const int right = next.break_class;
  if (left == U_GCB_CR && right == U_GCB_LF) return true;
  if (is_control(left) || is_control(right)) return false;
  if (right == U_GCB_EXTEND || right == U_GCB_ZWJ || right == U_GCB_SPACING_MARK) return true;
  if (left == U_GCB_PREPEND || joins_hangul(left, right)) return true;
  if (right == U_GCB_REGIONAL_INDICATOR) return cluster.has_odd_flags;
  return cluster.ends_with_joined_picture && next.is_picture;
}

Cluster extend(const Cluster& cluster, const Character& next) {
  const bool is_flag = next.break_class == U_GCB_REGIONAL_INDICATOR;
  return {.last_class = next.break_class,
          .ends_with_joined_picture = cluster.is_picture && next.break_class == U_GCB_ZWJ,
          .is_picture = next.is_picture || (cluster.is_picture && next.break_class == U_GCB_EXTEND),
          .has_odd_flags = is_flag && !cluster.has_odd_flags};
}

}  // namespace

std::size_t next_cluster(std::string_view text, std::size_t begin) {
  const auto is_plain = [&](std::size_t i) {
    return i == text.size() || (static_cast<unsigned char>(text[i]) < 0x80 && text[i] != '\n');
  };
  if (static_cast<unsigned char>(text[begin]) < 0x80 && is_plain(begin + 1)) return begin + 1;
  std::size_t end = begin;
  Cluster cluster = extend({}, classify(next_character(text, end).value_or(0xFFFD)));
  while (end < text.size()) {
    std::size_t behind = end;
    const Character next = classify(next_character(text, behind).value_or(0xFFFD));
    if (!joins(cluster, next)) break;
    cluster = extend(cluster, next);
    end = behind;
  }
  return end;
}

}  // namespace circuit
