// What a viewer JSON file says, key by key, before anything is made of it: the dialects of
// docs/formats.md are told apart in viewer_nodes.h. Private to viewer_json_read.cpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "export/names/view_state.h"
#include "export/viewer/viewer_score_tables.h"
#include "graph/edge_heads.h"

namespace circuit {

/// `qParams` by itself, as JSON text; lists may be texts of lists, as in addresses. Throws as
/// `read_viewer_document` does.
ViewState parse_view_state(std::string_view json);

struct ViewerMetadata {
  std::string slug, scan, prompt, title_prefix, generator, generator_version;
  std::string neuronpedia_source_set, feature_json_base_url;
  std::vector<std::string> transcoder_list, prompt_tokens;
  std::map<std::string, std::string> settings;  ///< of `generation_settings`, values as text
  std::optional<double> node_threshold, edge_threshold, replacement, completeness;
  std::optional<std::int64_t> n_layers, schema_version;
};

/// Texts are of the document. A number that is not there, null or NaN is NaN.
struct ViewerNode {
  std::string_view id, js_id, type, clerp;
  std::optional<std::int64_t> layer;  ///< Empty for a text that is no number, such as `E`.
  bool layer_is_text = false;
  std::optional<std::int64_t> feature;
  std::int64_t position = 0;
  double influence, activation, probability;
};

struct ViewerLink {
  std::string_view source, target;
  double weight;  ///< NaN when the file has no finite number there.
};

/// The key `circuit` of our own files: metadata and tensors as in a graph file.
struct ViewerDetails {
  std::map<std::string, std::string> metadata;
  std::vector<std::int32_t> input_ids, target_token_ids;
  std::vector<double> target_weights;
  std::vector<std::int32_t> target_kinds;
  /// Of all targets, or empty: at the last position; none is a feature.
  std::vector<std::int32_t> target_positions, target_layers, target_features;
  ScoreTables scores;
};

struct ViewerDocument {
  ViewerMetadata metadata;
  ViewState state;
  std::vector<ViewerNode> nodes;
  std::vector<ViewerLink> links;
  EdgeHeads link_heads;  ///< of our own files; of links, by their place in `links`
  std::optional<ViewerDetails> details;
  std::size_t bytes = 0;  ///< Of the file.
  /// Nodes with `qk_tracing_results` in files of others, which are not read.
  std::size_t qk_results = 0;
  std::size_t not_numbers = 0;         ///< NaN and Infinity in the text, which JSON does not have.
  std::shared_ptr<const void> memory;  ///< Of the texts.
};

/// Throws std::runtime_error with the place in the document, without the name of the file:
/// `nodes[3].ctx_idx: is missing, expected a whole number`.
ViewerDocument read_viewer_document(const std::filesystem::path& path);

}  // namespace circuit
