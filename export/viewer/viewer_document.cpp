#include "export/viewer/viewer_document.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <utility>

#include <simdjson.h>

#include "export/text/json_text.h"
#include "export/text/output_text.h"

namespace circuit {
namespace {

using simdjson::SUCCESS;
using simdjson::dom::element;

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

/// Where a value stands, for messages: `nodes[3].layer`. Lives on the stack of who reads.
struct Place {
  const Place* parent = nullptr;
  std::string_view key{};  ///< Empty: the entry `index` of a list.
  std::size_t index = 0;

  std::string text() const {
    const std::string before = parent == nullptr ? "" : parent->text();
    if (key.empty()) return before + "[" + std::to_string(index) + "]";
    return before.empty() ? std::string(key) : before + "." + std::string(key);
  }
};

[[noreturn]] void fail(const Place& place, const std::string& found, std::string_view expected) {
  throw std::runtime_error(one_line(shorten(place.text(), 100)) + ": " + found + ", expected " +
                           std::string(expected));
}

[[noreturn]] void fail(const Place& place, const element& found, std::string_view expected) {
  if (found.is_array()) fail(place, "is a list", expected);
  if (found.is_object()) fail(place, "is an object", expected);
  fail(place, "is " + one_line(shorten(simdjson::minify(found), 60)), expected);
}

template <typename Value>
Value get(const element& value, const Place& place, std::string_view expected) {
  Value out{};
  if (value.get(out) != SUCCESS) fail(place, value, expected);
  return out;
}

std::string_view text_of(const element& value, const Place& place) {
  return get<std::string_view>(value, place, "a text");
}

std::optional<element> find(const element& object, std::string_view key) {
  element value;
  if (object[key].get(value) != SUCCESS || value.is_null()) return std::nullopt;
  return value;
}

element require(const element& object, std::string_view key, const Place& place,
                std::string_view expected) {
  const auto value = find(object, key);
  if (!value) fail(place, "is missing", expected);
  return *value;
}

std::string text_or_empty(const element& object, std::string_view key, const Place& place) {
  const auto value = find(object, key);
  return value ? std::string(text_of(*value, {&place, key})) : std::string();
}

/// A number, also as text; NaN for null and for an empty text, which stands for NaN.
double number_of(const element& value, const Place& place) {
  double number = 0;
  if (value.is_null()) return kNone;
  if (value.get(number) == SUCCESS) return number;
  const std::string_view text = text_of(value, place);
  if (text.find_first_not_of(' ') == std::string_view::npos) return kNone;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) fail(place, value, "a number");
  return number;
}

std::optional<double> finite_number(const element& object, std::string_view key,
                                    const Place& place) {
  const auto value = find(object, key);
  const double number = value ? number_of(*value, {&place, key}) : kNone;
  return std::isfinite(number) ? std::optional(number) : std::nullopt;
}

std::optional<std::int64_t> whole_number(const element& object, std::string_view key,
                                         const Place& place) {
  const auto value = find(object, key);
  if (!value) return std::nullopt;
  return get<std::int64_t>(*value, {&place, key}, "a whole number");
}

template <typename Visit>
void for_each_entry(const element& list, const Place& place, Visit visit) {
  std::size_t index = 0;
  for (const element entry : get<simdjson::dom::array>(list, place, "a list")) {
    visit(entry, Place{&place, {}, index++});
  }
}

/// 0 for what is no list.
std::size_t length_of(const element& value) {
  simdjson::dom::array list;
  return value.get(list) == SUCCESS ? list.size() : 0;
}

std::vector<std::string> texts_of(const element& list, const Place& place) {
  std::vector<std::string> texts;
  for_each_entry(list, place, [&](const element& entry, const Place& at) {
    texts.emplace_back(text_of(entry, at));
  });
  return texts;
}

template <typename Number>
std::vector<Number> numbers_of(const element& object, std::string_view key, const Place& place) {
  const Place at{&place, key};
  std::vector<Number> numbers;
  for_each_entry(require(object, key, at, "a list"), at, [&](const element& entry, const Place& p) {
    if constexpr (std::is_floating_point_v<Number>) {
      numbers.push_back(get<double>(entry, p, "a number"));
    } else {
      const auto number = get<std::int64_t>(entry, p, "a whole number");
      if (number != static_cast<Number>(number)) fail(p, entry, "a number of 32 bits");
      numbers.push_back(static_cast<Number>(number));
    }
  });
  return numbers;
}

void read_settings(const element& metadata, const Place& place, ViewerMetadata& out) {
  if (const auto settings = find(metadata, "generation_settings")) {
    const Place at{&place, "generation_settings"};
    for (const auto [key, value] : get<simdjson::dom::object>(*settings, at, "an object")) {
      std::string_view text;
      out.settings[std::string(key)] =
          value.get(text) == SUCCESS ? std::string(text) : simdjson::minify(value);
    }
  }
  if (const auto pruning = find(metadata, "pruning_settings")) {
    const Place at{&place, "pruning_settings"};
    out.node_threshold = finite_number(*pruning, "node_threshold", at);
    out.edge_threshold = finite_number(*pruning, "edge_threshold", at);
  }
  if (!out.node_threshold) out.node_threshold = finite_number(metadata, "node_threshold", place);
}

ViewerMetadata read_metadata(const element& metadata, const Place& place) {
  ViewerMetadata out;
  const Place tokens{&place, "prompt_tokens"};
  out.prompt_tokens =
      texts_of(require(metadata, "prompt_tokens", tokens, "a list of the prompt's tokens"), tokens);
  out.slug = text_or_empty(metadata, "slug", place);
  out.scan = text_or_empty(metadata, "scan", place);
  out.prompt = text_or_empty(metadata, "prompt", place);
  out.title_prefix = text_or_empty(metadata, "title_prefix", place);
  if (const auto list = find(metadata, "transcoder_list")) {
    out.transcoder_list = texts_of(*list, {&place, "transcoder_list"});
  }
  if (const auto details = find(metadata, "feature_details")) {
    const Place at{&place, "feature_details"};
    out.neuronpedia_source_set = text_or_empty(*details, "neuronpedia_source_set", at);
    out.feature_json_base_url = text_or_empty(*details, "feature_json_base_url", at);
  }
  if (const auto info = find(metadata, "info")) {
    if (const auto generator = find(*info, "generator")) {
      const Place at{&place, "info.generator"};
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
void for_each_of_list_or_text(const element& value, const Place& place, Visit visit) {
  std::string_view text;
  if (value.get(text) != SUCCESS) return for_each_entry(value, place, visit);
  if (text.empty()) return;
  simdjson::dom::parser parser;
  element list;
  if (parser.parse(text.data(), text.size()).get(list) != SUCCESS) {
    fail(place, value, "a list, or the JSON text of one");
  }
  for_each_entry(list, place, visit);
}

void read_pins(const element& value, const Place& place, ViewState& state) {
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

ViewState read_view_state(const element& params, const Place& place) {
  ViewState state;
  if (const auto pins = find(params, "pinnedIds")) read_pins(*pins, {&place, "pinnedIds"}, state);
  if (const auto groups = find(params, "supernodes")) {
    const auto add = [&](const element& entry, const Place& at) {
      std::vector<std::string> texts = texts_of(entry, at);
      if (texts.empty()) fail(at, "is empty", "a name, then node ids");
      ViewState::Supernode& group = state.supernodes.emplace_back();
      group.name = std::move(texts.front());
      group.node_ids.assign(texts.begin() + 1, texts.end());
    };
    for_each_of_list_or_text(*groups, {&place, "supernodes"}, add);
  }
  if (const auto clerps = find(params, "clerps")) {
    const auto add = [&](const element& entry, const Place& at) {
      std::vector<std::string> texts = texts_of(entry, at);
      if (texts.size() != 2) fail(at, "has " + std::to_string(texts.size()) + " texts", "2");
      state.clerps.emplace_back(std::move(texts[0]), std::move(texts[1]));
    };
    for_each_of_list_or_text(*clerps, {&place, "clerps"}, add);
  }
  return state;
}

ViewerDetails read_details(const element& circuit, const Place& place) {
  ViewerDetails details;
  const Place at{&place, "metadata"};
  const element metadata = require(circuit, "metadata", at, "an object");
  for (const auto [key, value] : get<simdjson::dom::object>(metadata, at, "an object")) {
    details.metadata.emplace(key, text_of(value, {&at, key}));
  }
  details.input_ids = numbers_of<std::int32_t>(circuit, "input_ids", place);
  details.target_token_ids = numbers_of<std::int32_t>(circuit, "target_token_ids", place);
  details.target_weights = numbers_of<double>(circuit, "target_weights", place);
  details.target_kinds = numbers_of<std::int32_t>(circuit, "target_kinds", place);
  return details;
}

void read_layer(const element& value, const Place& place, ViewerNode& node) {
  std::int64_t layer = 0;
  if (value.get(layer) == SUCCESS) {
    node.layer = layer;
    return;
  }
  const std::string_view text = get<std::string_view>(value, place, "a layer");
  node.layer_is_text = true;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), layer);
  if (error == std::errc{} && end == text.data() + text.size()) node.layer = layer;
}

/// Each key by hand: a look-up of each would run through the object again.
ViewerNode read_node(const element& value, const Place& place, ViewerDocument& document) {
  ViewerNode node{};
  node.influence = node.activation = node.probability = kNone;
  bool has_id = false, has_layer = false, has_position = false, has_type = false;
  for (const auto [key, entry] : get<simdjson::dom::object>(value, place, "an object")) {
    const Place at{&place, key};
    if (key == "node_id") {
      node.id = text_of(entry, at);
      has_id = true;
    } else if (key == "layer") {
      read_layer(entry, at, node);
      has_layer = true;
    } else if (key == "ctx_idx") {
      node.position = get<std::int64_t>(entry, at, "a whole number");
      has_position = true;
    } else if (key == "feature_type") {
      node.type = text_of(entry, at);
      has_type = true;
    } else if (key == "feature") {
      if (!entry.is_null()) node.feature = get<std::int64_t>(entry, at, "a whole number or null");
    } else if (key == "jsNodeId") {
      if (!entry.is_null()) node.js_id = text_of(entry, at);
    } else if (key == "clerp") {
      if (!entry.is_null()) node.clerp = text_of(entry, at);
    } else if (key == "influence") {
      node.influence = number_of(entry, at);
    } else if (key == "activation") {
      node.activation = number_of(entry, at);
    } else if (key == "token_prob") {
      node.probability = number_of(entry, at);
    } else if (key == "qk_tracing_results") {
      document.qk_results += entry.is_null() ? 0 : 1;
    }
  }
  if (!has_id) fail({&place, "node_id"}, "is missing", "a text");
  if (!has_layer) fail({&place, "layer"}, "is missing", "a layer");
  if (!has_position) fail({&place, "ctx_idx"}, "is missing", "a whole number");
  if (!has_type) fail({&place, "feature_type"}, "is missing", "a text");
  return node;
}

ViewerLink read_link(const element& value, const Place& place) {
  ViewerLink link{{}, {}, kNone};
  bool has_source = false, has_target = false;
  for (const auto [key, entry] : get<simdjson::dom::object>(value, place, "an object")) {
    if (key == "source") {
      link.source = text_of(entry, {&place, key});
      has_source = true;
    } else if (key == "target") {
      link.target = text_of(entry, {&place, key});
      has_target = true;
    } else if (key == "weight") {
      link.weight = number_of(entry, {&place, key});
    }
  }
  if (!has_source) fail({&place, "source"}, "is missing", "a node id");
  if (!has_target) fail({&place, "target"}, "is missing", "a node id");
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
  const Place metadata{nullptr, "metadata"}, nodes{nullptr, "nodes"}, links{nullptr, "links"};
  document.metadata =
      read_metadata(require(root, "metadata", metadata, "a graph's metadata"), metadata);
  if (const auto params = find(root, "qParams")) {
    document.state = read_view_state(*params, {nullptr, "qParams"});
  }
  if (const auto circuit = find(root, "circuit")) {
    document.details = read_details(*circuit, {nullptr, "circuit"});
  }
  const element node_list = require(root, "nodes", nodes, "a list");
  document.nodes.reserve(length_of(node_list));
  for_each_entry(node_list, nodes, [&](const element& entry, const Place& at) {
    document.nodes.push_back(read_node(entry, at, document));
  });
  const element link_list = require(root, "links", links, "a list");
  document.links.reserve(length_of(link_list));
  for_each_entry(link_list, links, [&](const element& entry, const Place& at) {
    document.links.push_back(read_link(entry, at));
  });
  document.bytes = memory->text.size();
  document.memory = memory;
  return document;
}

}  // namespace circuit
