#include "export/file/graph_file_targets.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>

namespace circuit {
namespace {

constexpr std::int32_t kLargest = std::numeric_limits<std::int32_t>::max();

bool any_of_kind(const std::vector<Target>& targets, TargetKind kind) {
  return std::ranges::any_of(targets, [&](const Target& target) { return target.kind == kind; });
}

/// One value of each target.
template <typename T, typename Value>
std::vector<T> column(const std::vector<Target>& targets, Value value) {
  std::vector<T> values;
  for (const Target& target : targets) values.push_back(static_cast<T>(value(target)));
  return values;
}

void add_features(const std::vector<Target>& targets, GraphFileTensors& tensors) {
  if (!any_of_kind(targets, TargetKind::kFeature)) return;
  std::vector<std::int32_t> table;
  for (const Target& target : targets) table.insert(table.end(), {target.layer, target.feature});
  tensors.add_table("target_features", std::move(table), 2);
}

/// Those of a graph that was made of others are not known.
void add_vectors(const std::vector<Target>& targets, GraphFileTensors& tensors) {
  std::vector<float> values;
  std::size_t length = 0;
  for (const Target& target : targets) {
    if (target.kind != TargetKind::kVector) continue;
    if (values.empty()) length = target.vector.size();
    if (target.vector.empty() || target.vector.size() != length) return;
    values.insert(values.end(), target.vector.begin(), target.vector.end());
  }
  if (!values.empty()) tensors.add_table("target_vectors", std::move(values), length);
}

TargetKind kind_of(const GraphFileReader& reader, const std::vector<std::uint8_t>& kinds,
                   const std::vector<std::int32_t>& ids, std::size_t i) {
  const TargetKind kind = !kinds.empty() ? static_cast<TargetKind>(kinds[i])
                          : ids[i] < 0   ? TargetKind::kDifference
                                         : TargetKind::kToken;
  const bool token = kind == TargetKind::kToken;
  if (token != (ids[i] >= 0)) {
    reader.fail("target_token_ids", "entry " + std::to_string(i) + " is " + std::to_string(ids[i]),
                token ? "at least 0 for a token" : "-1 for what is no token");
  }
  return kind;
}

void read_positions(const GraphFileReader& reader, std::size_t n_positions,
                    std::vector<Target>& targets) {
  const auto positions = reader.read_optional<std::int32_t>("target_positions", targets.size());
  reader.require_range<std::int32_t>("target_positions", positions, 0,
                                     static_cast<std::int32_t>(n_positions) - 1);
  for (std::size_t i = 0; i < positions.size(); ++i) targets[i].position = positions[i];
}

void read_features(const GraphFileReader& reader, std::int32_t n_layers,
                   std::vector<Target>& targets) {
  if (!any_of_kind(targets, TargetKind::kFeature)) return;
  const auto table =
      reader.read<std::int32_t>("target_features", {size_of_dimension(targets.size()), 2});
  reader.require_columns("target_features", table, {{-1, n_layers - 1}, {-1, kLargest}});
  for (std::size_t i = 0; i < targets.size(); ++i) {
    if (targets[i].kind != TargetKind::kFeature) continue;
    targets[i].layer = table[2 * i];
    targets[i].feature = table[2 * i + 1];
  }
}

void read_vectors(const GraphFileReader& reader, std::vector<Target>& targets) {
  const auto count = std::ranges::count(targets, TargetKind::kVector, &Target::kind);
  if (count == 0 || !reader.contains("target_vectors")) return;
  const auto values = reader.read<float>("target_vectors", {count, -1});
  const auto length = static_cast<std::ptrdiff_t>(values.size()) / count;
  auto next = values.begin();
  for (Target& target : targets) {
    if (target.kind != TargetKind::kVector) continue;
    target.vector.assign(next, next + length);
    next += length;
  }
}

}  // namespace

void add_targets(const AttributionGraph& graph, GraphFileTensors& tensors) {
  const std::vector<Target>& targets = graph.nodes().targets;
  const auto add = [&]<typename T>(const char* name, std::vector<T> values) {
    tensors.add_table(name, std::move(values), 0);
  };
  const auto weight = [](const Target& target) { return target.probability; };
  const auto is_float = [](const Target& target) {
    return static_cast<double>(static_cast<float>(target.probability)) == target.probability;
  };
  const auto last = static_cast<std::int32_t>(graph.n_positions()) - 1;
  const auto is_last = [&](const Target& target) { return target.position == last; };
  add("target_token_ids",
      column<std::int32_t>(targets, [](const Target& target) { return target.token_id; }));
  add("target_probabilities", column<float>(targets, weight));
  if (!std::ranges::all_of(targets, is_float)) {
    add("target_weights", column<double>(targets, weight));
  }
  add("target_kinds",
      column<std::uint8_t>(targets, [](const Target& target) { return target.kind; }));
  if (!std::ranges::all_of(targets, is_last)) {
    add("target_positions",
        column<std::int32_t>(targets, [](const Target& target) { return target.position; }));
  }
  add_features(targets, tensors);
  add_vectors(targets, tensors);
}

std::vector<Target> read_targets(const GraphFileReader& reader, const GraphFileMetadata& metadata,
                                 std::size_t n_positions) {
  const auto ids = reader.read<std::int32_t>("target_token_ids", {-1});
  const std::size_t count = ids.size();
  const auto probabilities = reader.read<float>("target_probabilities", {size_of_dimension(count)});
  const auto weights = reader.read_optional<double>("target_weights", count);
  const auto kinds = reader.read_optional<std::uint8_t>("target_kinds", count);
  reader.require_range<std::int32_t>("target_token_ids", ids, -1, kLargest);
  reader.require_range<std::uint8_t>("target_kinds", kinds, 0,
                                     static_cast<std::uint8_t>(TargetKind::kVector));
  reader.require_count("target_labels", metadata.target_labels.size(), count);
  reader.require_count("target_displays", metadata.target_displays.size(), count);
  std::vector<Target> targets(count);
  for (std::size_t i = 0; i < count; ++i) {
    targets[i].kind = kind_of(reader, kinds, ids, i);
    targets[i].token_id = ids[i];
    targets[i].probability = weights.empty() ? static_cast<double>(probabilities[i]) : weights[i];
    targets[i].label = metadata.target_labels[i];
    targets[i].display = metadata.target_displays[i];
  }
  read_positions(reader, n_positions, targets);
  read_features(reader, metadata.n_layers, targets);
  read_vectors(reader, targets);
  return targets;
}

}  // namespace circuit
