#include "export/viewer/viewer_document.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <utility>

#include <simdjson.h>

#include "export/text/json_text.h"
#include "export/viewer/json_place.h"
#include "export/viewer/viewer_heads.h"
#include "export/viewer/viewer_score_tables.h"

namespace circuit {
namespace {

using simdjson::SUCCESS;
using simdjson::dom::element;

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
/// Bytes of the shortest node and link, so that a long list of something else asks for little.
constexpr std::size_t kLeastNode =
    std::string_view(R"({"node_id":"","layer":0,"ctx_idx":0,"feature_type":""})").size();
constexpr std::size_t kLeastLink = std::string_view(R"({"source":"","target":""})").size();

std::string text_or_empty(const element& object, std::string_view key, const JsonPlace& place) {
  const auto value = find_member(object, key);
  return value ? std::string(text_of(*value, {&place, key})) : std::string();
}

std::optional<double> finite_number(const element& object, std::string_view key,
                                    const JsonPlace& place) {
  const auto value = find_member(object, key);
  const double number = value ? number_or_nan(*value, {&place, key}) : kNone;
  return std::isfinite(number) ? std::optional(number) : std::nullopt;
}

std::optional<std::int64_t> whole_number(const element& object, std::string_view key,
                                         const JsonPlace& place) {
  const auto value = find_member(object, key);
  if (!value) return std::nullopt;
  return whole_number_of(*value, {&place, key});
}

std::vector<std::string> texts_of(const element& list, const JsonPlace& place) {
  std::vector<std::string> texts;
  for_each_entry(list, place, [&](const element& entry, const JsonPlace& at) {
    texts.emplace_back(text_of(entry, at));
  });
  return texts;
}

template <typename Number>
std::vector<Number> numbers_in(const element& object, std::string_view key,
                               const JsonPlace& place) {
  const JsonPlace at{&place, key};
  const element list = require_member(object, key, at, "a list");
  std::vector<Number> numbers;
  for_each_entry(list, at, [&](const element& entry, const JsonPlace& p) {
    if constexpr (std::is_floating_point_v<Number>) {
      numbers.push_back(number_of(entry, p));
    } else {
      numbers.push_back(index_of(entry, p));
    }
  });
  return numbers;
}

void read_settings(const element& metadata, const JsonPlace& place, ViewerMetadata& out) {
  if (const auto settings = find_member(metadata, "generation_settings")) {
    const JsonPlace at{&place, "generation_settings"};
    for_each_member(*settings, at, [&](std::string_view key, const element& value) {
      std::string_view text;
      out.settings[std::string(key)] =
          value.get(text) == SUCCESS ? std::string(text) : simdjson::minify(value);
    });
  }
  if (const auto pruning = find_member(metadata, "pruning_settings")) {
    const JsonPlace at{&place, "pruning_settings"};
    out.node_threshold = finite_number(*pruning, "node_threshold", at);
    out.edge_threshold = finite_number(*pruning, "edge_threshold", at);
  }
  if (!out.node_threshold) out.node_threshold = finite_number(metadata, "node_threshold", place);
}

ViewerMetadata read_metadata(const element& metadata, const JsonPlace& place) {
  ViewerMetadata out;
  const JsonPlace tokens{&place, "prompt_tokens"};
  out.prompt_tokens = texts_of(
      require_member(metadata, "prompt_tokens", tokens, "a list of the prompt's tokens"), tokens);
  out.slug = text_or_empty(metadata, "slug", place);
  out.scan = text_or_empty(metadata, "scan", place);
  out.prompt = text_or_empty(metadata, "prompt", place);
  out.title_prefix = text_or_empty(metadata, "title_prefix", place);
  if (const auto list = find_member(metadata, "transcoder_list")) {
    out.transcoder_list = texts_of(*list, {&place, "transcoder_list"});
  }
  if (const auto details = find_member(metadata, "feature_details")) {
    const JsonPlace at{&place, "feature_details"};
    out.neuronpedia_source_set = text_or_empty(*details, "neuronpedia_source_set", at);
    out.feature_json_base_url = text_or_empty(*details, "feature_json_base_url", at);
  }
  if (const auto info = find_member(metadata, "info")) {
    if (const auto generator = find_member(*info, "generator")) {
      const JsonPlace at{&place, "info.generator"};
      out.generator = text_or_empty(*generator, "name", at);
      out.generator_version = text_or_empty(*generator, "version", at);
    }
  }
  read_settings(metadata, place, out);
  out.replacement = finite_number(metadata, "replacement_score", place);
  out.completeness = finite_number(metadata, "completeness_score", place);
  out.n_layers = whole_number(metadata, "n_layers", place);
  out.schema_version = whole_number(metadata, "schema_version", place);
  return out;
}

/// A list, or its text: circuit-tracer's frontend saves what stood in the address.
template <typename Visit>
void for_each_of_list_or_text(const element& value, const JsonPlace& place, Visit visit) {
  std::string_view text;
  if (value.get(text) != SUCCESS) return for_each_entry(value, place, visit);
  if (text.empty()) return;
  simdjson::dom::parser parser;
  element list;
  if (parser.parse(text.data(), text.size()).get(list) != SUCCESS) {
    fail_at(place, value, "a list, or the JSON text of one");
  }
  for_each_entry(list, place, visit);
}

void read_pins(const element& value, const JsonPlace& place, ViewState& state) {
  std::string_view text;
  if (value.get(text) != SUCCESS) {
    state.pinned_ids = texts_of(value, place);
    return;
  }
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    if (comma > 0) state.pinned_ids.emplace_back(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
}

ViewState read_view_state(const element& params, const JsonPlace& place) {
  ViewState state;
  if (const auto pins = find_member(params, "pinnedIds"))
    read_pins(*pins, {&place, "pinnedIds"}, state);
  if (const auto groups = find_member(params, "supernodes")) {
    const auto add = [&](const element& entry, const JsonPlace& at) {
      std::vector<std::string> texts = texts_of(entry, at);
      if (texts.empty()) fail_at(at, "is empty", "a name, then node ids");
      ViewState::Supernode& group = state.supernodes.emplace_back();
      group.name = std::move(texts.front());
      group.node_ids.assign(texts.begin() + 1, texts.end());
    };
    for_each_of_list_or_text(*groups, {&place, "supernodes"}, add);
  }
  if (const auto clerps = find_member(params, "clerps")) {
    const auto add = [&](const element& entry, const JsonPlace& at) {
      std::vector<std::string> texts = texts_of(entry, at);
      if (texts.size() != 2) fail_at(at, "has " + std::to_string(texts.size()) + " texts", "2");
      state.clerps.emplace_back(std::move(texts[0]), std::move(texts[1]));
    };
    for_each_of_list_or_text(*clerps, {&place, "clerps"}, add);
  }
  return state;
}

ViewerDetails read_details(const element& circuit, const JsonPlace& place) {
  ViewerDetails details;
  const JsonPlace at{&place, "metadata"};
  const element metadata = require_member(circuit, "metadata", at, "an object");
  for_each_member(metadata, at, [&](std::string_view key, const element& value) {
    details.metadata.emplace(key, text_of(value, {&at, key}));
  });
  details.input_ids = numbers_in<std::int32_t>(circuit, "input_ids", place);
  details.target_token_ids = numbers_in<std::int32_t>(circuit, "target_token_ids", place);
  details.target_weights = numbers_in<double>(circuit, "target_weights", place);
  details.target_kinds = numbers_in<std::int32_t>(circuit, "target_kinds", place);
  const auto if_any = [&](std::string_view key) {
    return find_member(circuit, key) ? numbers_in<std::int32_t>(circuit, key, place)
                                     : std::vector<std::int32_t>();
  };
  details.target_positions = if_any("target_positions");
  details.target_layers = if_any("target_layers");
  details.target_features = if_any("target_features");
  if (const auto tables = find_member(circuit, kScoreTablesKey)) {
    details.scores = read_score_tables(*tables, {&place, kScoreTablesKey});
  }
  return details;
}

void read_layer(const element& value, const JsonPlace& place, ViewerNode& node) {
  std::int64_t layer = 0;
  if (value.get(layer) == SUCCESS) {
    node.layer = layer;
    return;
  }
  const std::string_view text = text_of(value, place, "a layer");
  node.layer_is_text = true;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), layer);
  if (error == std::errc{} && end == text.data() + text.size()) node.layer = layer;
}

/// Each key by hand: a look-up of each would run through the object again.
ViewerNode read_node(const element& value, const JsonPlace& place, ViewerDocument& document) {
  ViewerNode node{};
  node.influence = node.activation = node.probability = kNone;
  bool has_id = false, has_layer = false, has_position = false, has_type = false;
  for_each_member(value, place, [&](std::string_view key, const element& entry) {
    const JsonPlace at{&place, key};
    if (key == "node_id") {
      node.id = text_of(entry, at);
      has_id = true;
    } else if (key == "layer") {
      read_layer(entry, at, node);
      has_layer = true;
    } else if (key == "ctx_idx") {
      node.position = whole_number_of(entry, at);
      has_position = true;
    } else if (key == "feature_type") {
      node.type = text_of(entry, at);
      has_type = true;
    } else if (key == "feature") {
      if (!entry.is_null()) node.feature = whole_number_of(entry, at, "a whole number or null");
    } else if (key == "jsNodeId") {
      if (!entry.is_null()) node.js_id = text_of(entry, at);
    } else if (key == "clerp") {
      if (!entry.is_null()) node.clerp = text_of(entry, at);
    } else if (key == "influence") {
      node.influence = number_or_nan(entry, at);
    } else if (key == "activation") {
      node.activation = number_or_nan(entry, at);
    } else if (key == "token_prob") {
      node.probability = number_or_nan(entry, at);
    } else if (key == "qk_tracing_results") {
      // Of our own files the key `circuit` says all of it.
      document.qk_results += entry.is_null() || document.details ? 0 : 1;
    }
  });
  if (!has_id) fail_at({&place, "node_id"}, "is missing", "a text");
  if (!has_layer) fail_at({&place, "layer"}, "is missing", "a layer");
  if (!has_position) fail_at({&place, "ctx_idx"}, "is missing", "a whole number");
  if (!has_type) fail_at({&place, "feature_type"}, "is missing", "a text");
  return node;
}

ViewerLink read_link(const element& value, const JsonPlace& place, ViewerDocument& document) {
  ViewerLink link{{}, {}, kNone};
  bool has_source = false, has_target = false;
  for_each_member(value, place, [&](std::string_view key, const element& entry) {
    const JsonPlace at{&place, key};
    if (key == "source") {
      link.source = text_of(entry, at);
      has_source = true;
    } else if (key == "target") {
      link.target = text_of(entry, at);
      has_target = true;
    } else if (key == "weight") {
      link.weight = number_or_nan(entry, at);
    } else if (key == kHeadsKey && document.details) {
      document.link_heads.add(place.index, read_heads(entry, at));
    }
  });
  if (!has_source) fail_at({&place, "source"}, "is missing", "a node id");
  if (!has_target) fail_at({&place, "target"}, "is missing", "a node id");
  return link;
}

/// What keeps a document's texts.
struct Memory {
  simdjson::padded_string text;
  simdjson::dom::parser parser;
};

element parse(Memory& memory, std::size_t& not_numbers) {
  element root;
  auto error = memory.parser.parse(memory.text).get(root);
  if (error != SUCCESS) {
    not_numbers = blank_not_numbers({memory.text.data(), memory.text.size()});
    if (not_numbers > 0) error = memory.parser.parse(memory.text).get(root);
  }
  if (error != SUCCESS) {
    throw std::runtime_error(std::string("is not valid JSON (") + simdjson::error_message(error) +
                             "), expected a viewer's graph");
  }
  if (!root.is_object()) throw std::runtime_error("holds no JSON object, expected one");
  return root;
}

}  // namespace

ViewState parse_view_state(std::string_view json) {
  simdjson::dom::parser parser;
  element root;
  if (parser.parse(json.data(), json.size()).get(root) != SUCCESS) {
    throw std::runtime_error("is no JSON text");
  }
  return read_view_state(root, {nullptr, "qParams"});
}

ViewerDocument read_viewer_document(const std::filesystem::path& path) {
  const auto memory = std::make_shared<Memory>();
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) {
    throw std::runtime_error("no such file, expected a viewer's graph");
  }
  if (simdjson::padded_string::load(path.string()).get(memory->text) != SUCCESS) {
    throw std::runtime_error("cannot be read");
  }
  ViewerDocument document;
  const element root = parse(*memory, document.not_numbers);
  const JsonPlace metadata{nullptr, "metadata"}, nodes{nullptr, "nodes"}, links{nullptr, "links"};
  document.metadata =
      read_metadata(require_member(root, "metadata", metadata, "a graph's metadata"), metadata);
  if (const auto params = find_member(root, "qParams")) {
    document.state = read_view_state(*params, {nullptr, "qParams"});
  }
  if (const auto circuit = find_member(root, "circuit")) {
    document.details = read_details(*circuit, {nullptr, "circuit"});
  }
  const element node_list = require_member(root, "nodes", nodes, "a list");
  document.nodes.reserve(std::min(length_of(node_list), memory->text.size() / kLeastNode));
  for_each_entry(node_list, nodes, [&](const element& entry, const JsonPlace& at) {
    document.nodes.push_back(read_node(entry, at, document));
  });
  const element link_list = require_member(root, "links", links, "a list");
  document.links.reserve(std::min(length_of(link_list), memory->text.size() / kLeastLink));
  for_each_entry(link_list, links, [&](const element& entry, const JsonPlace& at) {
    document.links.push_back(read_link(entry, at, document));
  });
  document.bytes = memory->text.size();
  document.memory = memory;
  return document;
}

}  // namespace circuit
