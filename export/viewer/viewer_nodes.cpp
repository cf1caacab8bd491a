#include "export/viewer/viewer_nodes.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "export/names/node_names.h"
#include "export/viewer/viewer_features.h"

namespace circuit {
namespace {

constexpr std::int64_t kMostLayers = 4096;
/// Errors and tokens are nodes whether the file names them or not, so a few bytes could ask for
/// billions. Of a file with a node for each token, 130 layers fit at any size.
constexpr std::int64_t kNodesOfSmallFile = 130'000;
constexpr std::int64_t kBytesPerNode = 2;
constexpr auto kMostKind = static_cast<std::int32_t>(TargetKind::kVector);
constexpr std::int64_t kLargestIndex = std::numeric_limits<std::int32_t>::max();

[[noreturn]] void fail(std::size_t node, std::string_view key, const std::string& found,
                       const std::string& expected) {
  throw std::runtime_error("nodes[" + std::to_string(node) + "]." + std::string(key) + ": " +
                           found + ", expected " + expected);
}

struct Kind {
  NodeKind kind = NodeKind::kFeature;
  bool attention = false;
};

std::optional<Kind> kind_of(std::string_view type) {
  if (type == "cross layer transcoder" || type == "unexplored node") return Kind{};
  if (type == "lorsa") return Kind{NodeKind::kFeature, true};
  if (type == "lorsa error") return Kind{NodeKind::kError, true};
  if (type.find("error") != std::string_view::npos) return Kind{NodeKind::kError, false};
  if (type == "embedding") return Kind{NodeKind::kToken, false};
  if (type == "logit") return Kind{NodeKind::kTarget, false};
  return std::nullopt;
}

class NodeReader {
 public:
  NodeReader(const ViewerDocument& document, const GraphFileMetadata* header,
             ViewerOddities& oddities)
      : document_(document), header_(header), oddities_(oddities) {}

  ViewerNodes read() {
    classify();
    read_layers();
    read_tokens();
    read_targets();
    read_features();
    return std::move(out_);
  }

 private:
  const ViewerNode& node(std::size_t i) const { return document_.nodes[i]; }
  Node& what(std::size_t i) { return out_.file_nodes[i].what; }
  bool is(std::size_t i, NodeKind kind) const { return kinds_[i] && kinds_[i]->kind == kind; }
  bool has_layer(std::size_t i) const {
    return is(i, NodeKind::kFeature) || is(i, NodeKind::kError);
  }

  void classify() {
    out_.file_nodes.resize(document_.nodes.size());
    const auto n_positions = static_cast<std::int64_t>(document_.metadata.prompt_tokens.size());
    for (std::size_t i = 0; i < document_.nodes.size(); ++i) {
      kinds_.push_back(kind_of(node(i).type));
      if (!kinds_[i]) {
        if (oddities_.unknown_types++ == 0) oddities_.first_unknown_type = node(i).type;
        continue;
      }
      const std::int64_t position = node(i).position;
      if (position < 0 || position >= n_positions) {
        fail(i, "ctx_idx", "is " + std::to_string(position),
             "a position of the " + std::to_string(n_positions) + " tokens");
      }
      what(i).kind = kinds_[i]->kind;
      what(i).position = static_cast<std::int32_t>(position);
    }
  }

  std::int64_t required_layer(std::size_t i) const {
    const auto layer = node(i).layer;
    if (!layer || *layer < 0 || *layer >= kMostLayers) {
      fail(i, "layer", layer ? "is " + std::to_string(*layer) : "is no number",
           "0 to " + std::to_string(kMostLayers - 1));
    }
    return *layer;
  }

  /// Whether attention and MLP share rows; llamascopium's files give each a row of its own.
  bool shares_rows() const {
    bool attention = false, odd_attention = false, even_mlp = false;
    for (std::size_t i = 0; i < kinds_.size(); ++i) {
      if (!has_layer(i)) continue;
      const bool odd = required_layer(i) % 2 == 1;
      attention = attention || kinds_[i]->attention;
      odd_attention = odd_attention || (kinds_[i]->attention && odd);
      even_mlp = even_mlp || (!kinds_[i]->attention && !odd);
    }
    return attention && (odd_attention || even_mlp);
  }

  void read_layers() {
    const bool doubled = shares_rows();
    oddities_.layers_doubled = doubled;
    std::int64_t highest = -1;
    for (std::size_t i = 0; i < kinds_.size(); ++i) {
      if (!has_layer(i)) continue;
      std::int64_t layer = required_layer(i);
      highest = std::max(highest, layer);
      if (doubled) layer = 2 * layer + (kinds_[i]->attention ? 0 : 1);
      what(i).layer = static_cast<std::int32_t>(layer);
    }
    const std::int64_t n_layers = number_of_layers(highest) * (doubled ? 2 : 1);
    const auto n_positions = static_cast<std::int64_t>(document_.metadata.prompt_tokens.size());
    const std::int64_t most =
        kNodesOfSmallFile + static_cast<std::int64_t>(document_.bytes) / kBytesPerNode;
    if (n_layers > kMostLayers || (n_layers + 1) * n_positions > most) {
      throw std::runtime_error("metadata.n_layers: " + std::to_string(n_layers) + " layers of " +
                               std::to_string(n_positions) + " tokens, expected at most " +
                               std::to_string(most) + " nodes in a file of this size");
    }
    out_.nodes.n_layers = static_cast<std::int32_t>(n_layers);
  }

  /// circuit-tracer's targets stand two rows above the last layer, as text; Neuronpedia's own one
  /// row above it, as a number.
  std::int64_t number_of_layers(std::int64_t highest) {
    if (header_ != nullptr) {
      if (header_->n_layers > highest) return header_->n_layers;
      throw std::runtime_error("circuit.metadata.n_layers: is " +
                               std::to_string(header_->n_layers) + ", a node is of layer " +
                               std::to_string(highest));
    }
    std::int64_t least = std::max<std::int64_t>(highest + 1, 1);
    if (const auto said = document_.metadata.n_layers) {
      if (*said >= least && *said <= kMostLayers) return *said;
      throw std::runtime_error("metadata.n_layers: is " + std::to_string(*said) + ", expected " +
                               std::to_string(least) + " to " + std::to_string(kMostLayers));
    }
    for (std::size_t i = 0; i < kinds_.size(); ++i) {
      if (!is(i, NodeKind::kTarget) || !node(i).layer) continue;
      const std::int64_t said = *node(i).layer - (node(i).layer_is_text ? 1 : 0);
      if (said >= least && said <= kMostLayers) return said;
    }
    oddities_.layers_guessed = true;
    return least;
  }

  void read_tokens() {
    GraphNodes& nodes = out_.nodes;
    const std::size_t n_positions = document_.metadata.prompt_tokens.size();
    nodes.tokens = header_ != nullptr ? header_->tokens : document_.metadata.prompt_tokens;
    if (header_ != nullptr) {
      nodes.input_ids = document_.details->input_ids;
      if (nodes.tokens.size() != n_positions || nodes.input_ids.size() != n_positions) {
        throw std::runtime_error("circuit.input_ids: has " +
                                 std::to_string(nodes.input_ids.size()) + " entries, expected " +
                                 std::to_string(n_positions) + " as prompt_tokens");
      }
    }
    std::vector<std::int32_t> ids(n_positions, -1);
    for (std::size_t i = 0; i < kinds_.size(); ++i) {
      if (!is(i, NodeKind::kToken)) continue;
      what(i).layer = -1;
      const auto id = node(i).id.starts_with("E_") ? number_in_id(node(i).id) : std::nullopt;
      if (id && *id <= kLargestIndex) {
        ids[static_cast<std::size_t>(what(i).position)] = static_cast<std::int32_t>(*id);
      }
    }
    if (header_ != nullptr) return;
    oddities_.without_token_id = static_cast<std::size_t>(std::ranges::count(ids, -1));
    nodes.input_ids = std::move(ids);
  }

  void read_targets() {
    if (header_ != nullptr) read_own_targets();
    const auto last = static_cast<std::int32_t>(out_.nodes.tokens.size()) - 1;
    for (std::size_t i = 0; i < kinds_.size(); ++i) {
      if (!is(i, NodeKind::kTarget)) continue;
      what(i).layer = out_.nodes.n_layers;
      const std::int32_t index = header_ != nullptr ? own_target(i) : add_target(i);
      what(i).feature = index;  // of the list of targets
      const Target& target = out_.nodes.targets[static_cast<std::size_t>(index)];
      const std::int32_t position = target.position == kLastPosition ? last : target.position;
      oddities_.moved_targets += what(i).position == position ? 0 : 1;
      what(i).position = position;
    }
  }

  void read_own_targets() {
    const ViewerDetails& details = *document_.details;
    const std::size_t count = header_->target_labels.size();
    if (details.target_token_ids.size() != count || details.target_weights.size() != count ||
        details.target_kinds.size() != count || header_->target_displays.size() != count) {
      throw std::runtime_error("circuit.target_token_ids: has " +
                               std::to_string(details.target_token_ids.size()) +
                               " entries, expected as many labels, weights and kinds");
    }
    for (std::size_t i = 0; i < count; ++i) {
      const std::int32_t kind = details.target_kinds[i];
      if ((kind != 0) != (details.target_token_ids[i] < 0) || kind < 0 || kind > kMostKind) {
        throw std::runtime_error("circuit.target_kinds[" + std::to_string(i) + "]: is " +
                                 std::to_string(kind) + " with the id " +
                                 std::to_string(details.target_token_ids[i]) +
                                 ", expected 0 for a token, 1 to 3 for the id -1");
      }
      out_.nodes.targets.push_back(
          {.kind = static_cast<TargetKind>(kind),
           .token_id = details.target_token_ids[i],
           .probability = details.target_weights[i],
           .label = header_->target_labels[i],
           .display = header_->target_displays[i],
           .position = value_of(details.target_positions, "target_positions", i, kLastPosition),
           .layer = value_of(details.target_layers, "target_layers", i, -1),
           .feature = value_of(details.target_features, "target_features", i, -1)});
    }
  }

  /// Of target `i`; a list that is not there stands for `otherwise`.
  static std::int32_t value_of(const std::vector<std::int32_t>& list, const std::string& key,
                               std::size_t i, std::int32_t otherwise) {
    if (list.empty()) return otherwise;
    if (i < list.size()) return list[i];
    throw std::runtime_error("circuit." + key + ": has " + std::to_string(list.size()) +
                             " entries, expected one for each target");
  }

  std::int32_t own_target(std::size_t i) const {
    for (std::size_t t = 0; t < out_.nodes.targets.size(); ++t) {
      if (node(i).feature == target_id(out_.nodes, header_->provenance.settings, t)) {
        return static_cast<std::int32_t>(t);
      }
    }
    fail(i, "feature", "is no target's", "one of circuit.target_token_ids");
  }

  /// `Output "TOKEN" (p=0.931)`, also with single quotes.
  static std::string_view token_of(std::string_view clerp) {
    const std::string_view quoted = clerp.substr(0, clerp.rfind("(p="));
    const std::size_t first = quoted.find_first_of("\"'");
    if (first == std::string_view::npos) return clerp;
    const std::size_t last = quoted.rfind(quoted[first]);
    return last > first ? quoted.substr(first + 1, last - first - 1) : clerp;
  }

  double probability_of(std::size_t i) {
    if (std::isfinite(node(i).probability) && node(i).probability >= 0) return node(i).probability;
    double probability = -1;
    const std::string_view clerp = node(i).clerp;
    if (const std::size_t at = clerp.rfind("(p="); at != std::string_view::npos) {
      std::from_chars(clerp.data() + at + 3, clerp.data() + clerp.size(), probability);
    }
    if (std::isfinite(probability) && probability >= 0) return probability;
    ++oddities_.without_probability;
    return 0;
  }

  std::int32_t add_target(std::size_t i) {
    const std::string_view name = node(i).id;
    const bool begins_with_layer = !name.empty() && name.front() >= '0' && name.front() <= '9';
    auto id = node(i).feature;
    if (!id && begins_with_layer) id = number_in_id(name);
    const bool token = id && *id >= 0 && *id <= kLargestIndex;
    const std::string text(token_of(node(i).clerp));
    Target target{.kind = token ? TargetKind::kToken : TargetKind::kDifference,
                  .token_id = token ? static_cast<std::int32_t>(*id) : -1,
                  .probability = probability_of(i),
                  .label = text,
                  .display = text};
    std::vector<Target>& targets = out_.nodes.targets;
    const auto same = [&](const Target& other) {
      return token && other.kind == TargetKind::kToken && other.token_id == target.token_id;
    };
    const auto found = std::ranges::find_if(targets, same);
    if (found != targets.end()) return static_cast<std::int32_t>(found - targets.begin());
    targets.push_back(std::move(target));
    return static_cast<std::int32_t>(targets.size()) - 1;
  }

  void read_features() {
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < kinds_.size(); ++i) {
      if (is(i, NodeKind::kFeature)) order.push_back(i);
    }
    const std::vector<std::int32_t> indices = feature_indices(document_, order);
    for (std::size_t i = 0; i < order.size(); ++i) what(order[i]).feature = indices[i];
    const auto key = [&](std::size_t i) {
      return ActiveFeature{what(i).layer, what(i).position, what(i).feature};
    };
    std::ranges::stable_sort(order, {}, key);
    GraphNodes& nodes = out_.nodes;
    for (const std::size_t i : order) {
      if (nodes.active_features.empty() || nodes.active_features.back() != key(i)) {
        nodes.active_features.push_back(key(i));
        nodes.activation_values.push_back(activation_of(i));
      }
      out_.file_nodes[i].index = static_cast<std::int32_t>(nodes.active_features.size()) - 1;
    }
    nodes.selected_features.resize(nodes.active_features.size());
    std::iota(nodes.selected_features.begin(), nodes.selected_features.end(), 0);
    place_others();
  }

  float activation_of(std::size_t i) {
    const auto activation = static_cast<float>(node(i).activation);
    if (std::isfinite(activation)) return activation;
    ++oddities_.without_activation;
    return 0;
  }

  /// Errors, tokens and targets stand behind the features.
  void place_others() {
    const GraphNodes& nodes = out_.nodes;
    for (std::size_t i = 0; i < kinds_.size(); ++i) {
      FileNode& file_node = out_.file_nodes[i];
      const Node& at = file_node.what;
      const auto position = static_cast<std::size_t>(at.position);
      std::size_t index = 0;
      if (is(i, NodeKind::kError)) {
        index = nodes.error_node(static_cast<std::size_t>(at.layer), position);
      } else if (is(i, NodeKind::kToken)) {
        index = nodes.first_token() + position;
      } else if (is(i, NodeKind::kTarget)) {
        index = nodes.first_target() + static_cast<std::size_t>(at.feature);
      } else {
        continue;
      }
      file_node.index = static_cast<std::int32_t>(index);
    }
  }

  const ViewerDocument& document_;
  const GraphFileMetadata* header_;
  ViewerOddities& oddities_;
  std::vector<std::optional<Kind>> kinds_;  // by file node; empty = left out
  ViewerNodes out_;
};

}  // namespace

ViewerNodes read_viewer_nodes(const ViewerDocument& document, const GraphFileMetadata* header,
                              ViewerOddities& oddities) {
  return NodeReader(document, header, oddities).read();
}

}  // namespace circuit
