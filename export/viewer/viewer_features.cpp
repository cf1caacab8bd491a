#include "export/viewer/viewer_features.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

namespace circuit {
namespace {

/// What old files of Gemma multiply the layer by.
constexpr std::int64_t kOldLayerStep = 100'000;

/// How `feature` of feature nodes says layer and index.
enum class FeatureCode { kPair, kLayerStep, kIndex };

struct LayerAndIndex {
  std::int64_t layer = 0;
  std::int64_t index = 0;
};

/// The inverse of `cantor_pair`.
LayerAndIndex from_pair(std::int64_t pair) {
  if (pair < 0 || pair > std::int64_t{1} << 60) return {-1, -1};
  auto sum = static_cast<std::int64_t>((std::sqrt(8.0 * static_cast<double>(pair) + 1) - 1) / 2);
  while (sum * (sum + 1) / 2 > pair) --sum;  // the root of a double is off by a few at most
  while ((sum + 1) * (sum + 2) / 2 <= pair) ++sum;
  const std::int64_t index = pair - sum * (sum + 1) / 2;
  return {sum - index, index};
}

[[noreturn]] void fail(std::size_t node, const std::string& found, const std::string& expected) {
  throw std::runtime_error("nodes[" + std::to_string(node) + "].feature: " + found + ", expected " +
                           expected);
}

FeatureCode choose_code(const ViewerDocument& document, std::span<const std::size_t> nodes) {
  std::size_t features = 0, pairs = 0, steps = 0;
  bool beyond_first = false;
  for (const std::size_t i : nodes) {
    const ViewerNode& node = document.nodes[i];
    if (!node.feature) continue;
    ++features;
    pairs += from_pair(*node.feature).layer == *node.layer ? 1 : 0;
    steps += *node.feature / kOldLayerStep == *node.layer ? 1 : 0;
    beyond_first = beyond_first || *node.layer > 0;
  }
  const bool said = document.metadata.schema_version == 1;
  if (pairs == features || (said && 2 * pairs > features)) return FeatureCode::kPair;
  return steps == features && beyond_first ? FeatureCode::kLayerStep : FeatureCode::kIndex;
}

std::int64_t index_of(const ViewerNode& node, std::size_t i, FeatureCode code) {
  if (!node.feature) {
    if (const auto index = number_in_id(node.id)) return *index;
    fail(i, "is missing", "a whole number, or an id such as 7_6861_9");
  }
  if (code == FeatureCode::kIndex) return *node.feature;
  if (code == FeatureCode::kLayerStep) return *node.feature % kOldLayerStep;
  const LayerAndIndex pair = from_pair(*node.feature);
  if (pair.layer == *node.layer) return pair.index;
  fail(i, "is " + std::to_string(*node.feature),
       "the Cantor pair of layer " + std::to_string(*node.layer) + " and an index");
}

}  // namespace

std::optional<std::int64_t> number_in_id(std::string_view id) {
  const std::size_t last = id.rfind('_');
  if (last == std::string_view::npos || last == 0) return std::nullopt;
  const std::size_t before = id.rfind('_', last - 1);
  if (before == std::string_view::npos) return std::nullopt;
  const std::string_view text = id.substr(before + 1, last - before - 1);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

std::vector<std::int32_t> feature_indices(const ViewerDocument& document,
                                          std::span<const std::size_t> nodes) {
  const FeatureCode code = choose_code(document, nodes);
  std::vector<std::int32_t> indices;
  indices.reserve(nodes.size());
  for (const std::size_t i : nodes) {
    const std::int64_t index = index_of(document.nodes[i], i, code);
    if (index < 0 || index > std::numeric_limits<std::int32_t>::max()) {
      fail(i, "is " + std::to_string(index), "a feature's index of 31 bits");
    }
    indices.push_back(static_cast<std::int32_t>(index));
  }
  return indices;
}

}  // namespace circuit
