#include "tracer/text/feature_edit.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <stdexcept>

namespace circuit {
namespace {

constexpr std::int64_t kEndless = std::numeric_limits<std::int64_t>::max();
constexpr const char* kExpected =
    ", expected LAYER_FEATURE_POSITION with =VALUE, =xFACTOR, +=VALUE, =mean:FILE or "
    "=from:TEXT@POSITION, such as 4_436_-1=x2";

[[noreturn]] void fail(std::string_view text, const std::string& what) {
  throw std::invalid_argument("--set '" + std::string(text) + "': " + what + kExpected);
}

template <typename Number>
std::optional<Number> parse(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return {};
  return value;
}

// The part ahead of the next `_`, which is taken off `rest`.
std::int64_t take_number(std::string_view text, std::string_view& rest, const char* what) {
  const std::size_t line = rest.find('_');
  const auto value = parse<std::int64_t>(rest.substr(0, line));
  if (!value || *value < 0 || line == std::string_view::npos) {
    fail(text, "'" + std::string(rest.substr(0, line)) + "' is no " + what);
  }
  rest.remove_prefix(line + 1);
  return *value;
}

// `=from:TEXT@P`, `=mean:FILE`; false for anything else.
bool read_source(std::string_view text, std::string_view value, FeatureEdit& edit) {
  constexpr std::string_view kFrom = "from:", kMean = "mean:";
  if (value.starts_with(kMean)) {
    edit.operation = FeatureEdit::Operation::kMean;
    edit.source = value.substr(kMean.size());
    if (edit.source.empty()) fail(text, "there is no file behind mean:");
    return true;
  }
  if (!value.starts_with(kFrom)) return false;
  edit.operation = FeatureEdit::Operation::kFrom;
  value.remove_prefix(kFrom.size());
  const std::size_t at = value.rfind('@');
  const auto position =
      at == std::string_view::npos ? std::nullopt : parse<std::int64_t>(value.substr(at + 1));
  if (!position || at == 0) fail(text, "there is no TEXT@POSITION behind from:");
  edit.source = value.substr(0, at);
  edit.source_position = *position;
  return true;
}

}  // namespace

EditPositions parse_positions(std::string_view text, std::string_view positions) {
  if (positions == "*") return {.begin = 0, .end = {}, .name = {}};
  if (find_positions(positions, {}))
    return {.begin = {}, .end = {}, .name = std::string(positions)};
  const std::size_t dots = positions.find("..");
  const auto begin = parse<std::int64_t>(positions.substr(0, dots));
  if (!begin) fail(text, "'" + std::string(positions) + "' is no position");
  if (dots == std::string_view::npos) return {.begin = begin, .end = *begin + 1, .name = {}};
  const std::string_view last = positions.substr(dots + 2);
  if (last.empty()) return {.begin = begin, .end = {}, .name = {}};
  const auto end = parse<std::int64_t>(last);
  if (!end || (*end < 0) != (*begin < 0) || *end < *begin) {
    fail(text, "'" + std::string(positions) + "' is no range of positions");
  }
  return {.begin = begin, .end = *end + 1, .name = {}};
}

FeatureEdit parse_feature_edit(std::string_view text) {
  FeatureEdit edit;
  edit.text = text;
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0) fail(text, "there is no value");
  const bool adds = text[equals - 1] == '+';
  std::string_view node = text.substr(0, adds ? equals - 1 : equals);
  edit.layer = take_number(text, node, "layer");
  edit.feature = take_number(text, node, "feature");
  edit.positions = parse_positions(text, node);
  std::string_view value = text.substr(equals + 1);
  if (!adds && read_source(text, value, edit)) return edit;
  const bool scales = !adds && value.starts_with('x');
  if (scales) value.remove_prefix(1);
  const auto number = parse<double>(value);
  if (!number || !std::isfinite(*number)) {
    fail(text, "'" + std::string(value) + "' is no finite number");
  }
  edit.value = *number;
  edit.operation = adds     ? FeatureEdit::Operation::kAdd
                   : scales ? FeatureEdit::Operation::kScale
                            : FeatureEdit::Operation::kSet;
  return edit;
}

EditRange resolve(const FeatureEdit& edit, std::int64_t n_positions, const NamedPositions& named,
                  std::int64_t zero_positions) {
  return resolve(edit.positions, "--set '" + edit.text + "'", n_positions, named, zero_positions);
}

EditRange resolve(const EditPositions& positions, const std::string& option,
                  std::int64_t n_positions, const NamedPositions& named,
                  std::int64_t zero_positions) {
  const auto fail_range = [&](const std::string& what) {
    throw std::invalid_argument(option + ": " + what);
  };
  if (!positions.begin) {
    const TokenRange range = *find_positions(positions.name, named);
    const bool grows = positions.name == "response" && range.end >= n_positions;
    return {std::max(range.begin, zero_positions), grows ? kEndless : range.end};
  }
  const auto from_start = [&](std::int64_t p) { return p < 0 ? n_positions + p : p; };
  EditRange range{from_start(*positions.begin), kEndless};
  if (positions.end) range.end = from_start(*positions.end - 1) + 1;
  if (range.begin == 0 && !positions.end) range.begin = zero_positions;
  if (range.begin < zero_positions) {
    fail_range("position " + std::to_string(range.begin) + " carries no features, expected " +
               std::to_string(zero_positions) + " or more");
  }
  const bool behind = positions.end ? range.end > n_positions : range.begin > n_positions;
  if (behind) {
    fail_range("the prompt has positions 0 to " + std::to_string(n_positions - 1));
  }
  return range;
}

std::vector<std::string> find_overlaps(const std::vector<FeatureEdit>& edits,
                                       const std::vector<EditRange>& ranges) {
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < edits.size(); ++i) {
    for (std::size_t j = i + 1; j < edits.size(); ++j) {
      const bool same = edits[i].layer == edits[j].layer && edits[i].feature == edits[j].feature;
      if (!same || ranges[i].begin >= ranges[j].end || ranges[j].begin >= ranges[i].end) continue;
      lines.push_back("--set '" + edits[j].text + "' takes the place of --set '" + edits[i].text +
                      "' where both name a position");
    }
  }
  return lines;
}

}  // namespace circuit
