#include "export/viewer/viewer_heads.h"

#include <cmath>

#include <simdjson.h>

#include "export/names/head_ids.h"
#include "export/text/json_text.h"

namespace circuit {
namespace {

using simdjson::dom::element;

constexpr std::string_view kResidual = "residual", kOthers = "others";

std::string way_text(const EdgePart& part) {
  if (part.way == EdgeWay::kHead) return head_id(part.head);
  return std::string(part.way == EdgeWay::kResidual ? kResidual : kOthers);
}

EdgePart part_by(const element& value, const JsonPlace& place) {
  constexpr std::string_view kExpected = "a head such as \"3.2\", \"residual\" or \"others\"";
  const std::string_view way = text_of(value, place, kExpected);
  if (way == kResidual) return {.way = EdgeWay::kResidual};
  if (way == kOthers) return {.way = EdgeWay::kOtherHeads};
  const auto head = parse_head_id(way);
  if (!head) fail_at(place, value, kExpected);
  return {.way = EdgeWay::kHead, .head = *head};
}

/// A part too large for a float is none that we wrote.
float float_of(const element& value, const JsonPlace& place) {
  const auto number = static_cast<float>(number_of(value, place));
  if (!std::isfinite(number)) fail_at(place, value, "a finite number of 32 bits");
  return number;
}

EdgePart read_part(const element& value, const JsonPlace& place) {
  EdgePart part;
  std::size_t count = 0;
  for_each_entry(value, place, [&](const element& entry, const JsonPlace& at) {
    if (count == 0) part = part_by(entry, at);
    if (count == 1) part.weight = float_of(entry, at);
    ++count;
  });
  if (count != 2) {
    fail_at(place, "has " + std::to_string(count) + " entries", "a head and a weight");
  }
  return part;
}

}  // namespace

void append_heads(std::span<const EdgePart> parts, std::string& out) {
  std::string_view separator = "[";
  for (const EdgePart& part : parts) {
    out.append(separator).append("[\"").append(way_text(part)).append("\",");
    append_json_number(part.weight, out);
    out += ']';
    separator = ",";
  }
  out += ']';
}

std::vector<EdgePart> read_heads(const element& value, const JsonPlace& place) {
  std::vector<EdgePart> parts;
  for_each_entry(value, place, [&](const element& entry, const JsonPlace& at) {
    parts.push_back(read_part(entry, at));
  });
  return parts;
}

}  // namespace circuit
