#include "export/file/graph_file_metadata.h"

#include <charconv>
#include <cmath>
#include <stdexcept>
#include <utility>

#include <nlohmann/json.hpp>
#include <simdjson.h>

#include "export/text/output_text.h"

namespace circuit {
namespace {

using Json = nlohmann::json;
using simdjson::dom::element;

constexpr std::string_view kFormat = "circuit.graph";
constexpr std::string_view kVersion = "1";
constexpr char kPerTarget[] = "per_target";

class CheckedText {
 public:
  explicit CheckedText(HeaderOf holder) : holder_(holder) {}

  std::string operator()(std::string_view what, const std::string& text) const {
    if (is_valid_utf8(text)) return text;
    if (holder_ == HeaderOf::kViewerFile) return valid_utf8(text);
    throw std::invalid_argument("[write_graph_file] " + std::string(what) + " '" +
                                valid_utf8(text) + "' is not valid UTF-8");
  }

 private:
  HeaderOf holder_;
};

std::string layer_and_feature(const std::pair<std::int32_t, std::int32_t>& key) {
  return std::to_string(key.first) + "_" + std::to_string(key.second);
}

std::string labels_json(const Provenance& provenance, const CheckedText& checked) {
  Json labels = Json::object();
  for (const auto& [key, label] : provenance.feature_labels) {
    labels[layer_and_feature(key)] = {{"text", checked("feature label", label.text)},
                                      {"source", checked("feature label source", label.source)}};
  }
  return labels.dump();
}

std::string settings_json(const Provenance& provenance, HeaderOf holder) {
  const CheckedText checked(holder);
  Json settings = Json::object();
  for (const auto& [option, value] : provenance.settings) {
    settings[checked("setting", option)] = checked("setting", value);
  }
  if (holder == HeaderOf::kViewerFile) settings[kCompactSetting] = "true";
  return settings.dump();
}

std::string tokens_json(const AttributionGraph& graph, const CheckedText& checked) {
  Json tokens = Json::array();
  for (const std::string& token : graph.nodes().tokens) tokens.push_back(checked("token", token));
  return tokens.dump();
}

std::string target_texts_json(const AttributionGraph& graph, std::string Target::*text,
                              const CheckedText& checked) {
  Json texts = Json::array();
  for (const Target& target : graph.nodes().targets) {
    texts.push_back(checked("target label", target.*text));
  }
  return texts.dump();
}

void add_number(std::string_view key, std::optional<double> value, StringMap& metadata) {
  if (value && std::isfinite(*value)) metadata.emplace(key, number_text(*value));
}

[[noreturn]] void fail(std::string_view key, const std::string& found, std::string_view expected) {
  throw std::runtime_error("metadata " + std::string(key) + ": " + found + ", expected " +
                           std::string(expected));
}

std::string shown(std::string_view text) { return "is '" + one_line(shorten(text, 60)) + "'"; }

const std::string* find(const StringMap& metadata, std::string_view key) {
  const auto found = metadata.find(std::string(key));
  return found == metadata.end() ? nullptr : &found->second;
}

const std::string& require(const StringMap& metadata, std::string_view key,
                           std::string_view expected) {
  const std::string* value = find(metadata, key);
  if (value == nullptr) fail(key, "is missing", expected);
  return *value;
}

std::string text_or_empty(const StringMap& metadata, std::string_view key) {
  const std::string* value = find(metadata, key);
  return value == nullptr ? std::string() : *value;
}

template <typename Number>
std::optional<Number> parse_number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<double> optional_number(const StringMap& metadata, std::string_view key) {
  const std::string* text = find(metadata, key);
  if (text == nullptr) return std::nullopt;
  const auto value = parse_number<double>(*text);
  if (!value || !std::isfinite(*value)) fail(key, shown(*text), "a finite number");
  return value;
}

double require_share(const StringMap& metadata, std::string_view key) {
  const auto value = optional_number(metadata, key);
  if (!value || *value < 0 || *value > 1) {
    fail(key, value ? "is " + number_text(*value) : "is missing", "a number in [0, 1]");
  }
  return *value;
}

std::int32_t require_layers(const StringMap& metadata) {
  constexpr std::string_view kExpected = "a number of layers, at least 1";
  const std::string& text = require(metadata, "n_layers", kExpected);
  const auto n_layers = parse_number<std::int32_t>(text);
  if (!n_layers || *n_layers < 1) fail("n_layers", shown(text), kExpected);
  return *n_layers;
}

element parse_json(simdjson::dom::parser& parser, std::string_view key, const std::string& text,
                   std::string_view expected) {
  element document;
  if (parser.parse(text).get(document) != simdjson::SUCCESS) fail(key, shown(text), expected);
  return document;
}

std::vector<std::string> require_texts(const StringMap& metadata, std::string_view key) {
  constexpr std::string_view kExpected = "a JSON array of strings";
  const std::string& text = require(metadata, key, kExpected);
  simdjson::dom::parser parser;
  simdjson::dom::array array;
  if (parse_json(parser, key, text, kExpected).get(array) != simdjson::SUCCESS) {
    fail(key, shown(text), kExpected);
  }
  std::vector<std::string> values;
  for (const element entry : array) {
    std::string_view value;
    if (entry.get(value) != simdjson::SUCCESS) fail(key, shown(text), kExpected);
    values.emplace_back(value);
  }
  return values;
}

/// Calls `visit(key, value)` for each entry of the JSON object under `key`, if there is one.
template <typename Visit>
void for_each_entry(const StringMap& metadata, std::string_view key, Visit visit) {
  const std::string* text = find(metadata, key);
  if (text == nullptr) return;
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  if (parse_json(parser, key, *text, "a JSON object").get(object) != simdjson::SUCCESS) {
    fail(key, shown(*text), "a JSON object");
  }
  for (const auto [name, value] : object) visit(name, value);
}

std::map<std::string, std::string> read_settings(const StringMap& metadata) {
  std::map<std::string, std::string> settings;
  for_each_entry(metadata, "settings", [&](std::string_view option, const element& entry) {
    std::string_view value;
    if (entry.get(value) != simdjson::SUCCESS) fail("settings", shown(option), "a string value");
    settings.emplace(option, value);
  });
  return settings;
}

std::pair<std::int32_t, std::int32_t> parse_layer_and_feature(std::string_view text) {
  const std::size_t middle = text.find('_');
  if (middle != std::string_view::npos) {
    const auto layer = parse_number<std::int32_t>(text.substr(0, middle));
    const auto feature = parse_number<std::int32_t>(text.substr(middle + 1));
    if (layer && feature && *layer >= 0 && *feature >= 0) return {*layer, *feature};
  }
  fail("feature_labels", "key " + shown(text), "LAYER_FEATURE");
}

std::map<std::pair<std::int32_t, std::int32_t>, FeatureLabel> read_labels(
    const StringMap& metadata) {
  std::map<std::pair<std::int32_t, std::int32_t>, FeatureLabel> labels;
  for_each_entry(metadata, "feature_labels", [&](std::string_view key, const element& entry) {
    std::string_view text, source;
    if (entry["text"].get(text) != simdjson::SUCCESS ||
        entry["source"].get(source) != simdjson::SUCCESS) {
      fail("feature_labels", "entry " + shown(key), "an object with text and source");
    }
    labels[parse_layer_and_feature(key)] = {std::string(text), std::string(source)};
  });
  return labels;
}

Provenance read_provenance(const StringMap& metadata) {
  Provenance provenance;
  provenance.prompt = text_or_empty(metadata, "prompt");
  provenance.model_name = text_or_empty(metadata, "model_name");
  provenance.model_hash = text_or_empty(metadata, "model_hash");
  provenance.transcoders_name = text_or_empty(metadata, "transcoders_name");
  provenance.transcoders_hash = text_or_empty(metadata, "transcoders_hash");
  provenance.scan = text_or_empty(metadata, "scan");
  provenance.tool_version = text_or_empty(metadata, "tool_version");
  provenance.settings = read_settings(metadata);
  provenance.feature_labels = read_labels(metadata);
  return provenance;
}

std::optional<PruneOptions> read_pruning(const StringMap& metadata) {
  const std::string pruned = text_or_empty(metadata, "pruned");
  if (pruned != "true") {
    if (pruned.empty() || pruned == "false") return std::nullopt;
    fail("pruned", shown(pruned), "true or false");
  }
  PruneOptions options{.node_threshold = require_share(metadata, "node_threshold"),
                       .edge_threshold = require_share(metadata, "edge_threshold")};
  options.keep_errors = text_or_empty(metadata, "keep_errors") == "true";
  if (text_or_empty(metadata, "edge_rule") == kPerTarget) options.edge_rule = EdgeRule::kPerTarget;
  if (const std::string most = text_or_empty(metadata, "max_nodes"); !most.empty()) {
    const char* const end = most.data() + most.size();
    const auto [at, error] = std::from_chars(most.data(), end, options.max_nodes);
    if (error != std::errc{} || at != end) fail("max_nodes", shown(most), "a count of nodes");
  }
  return options;
}

/// What is not as `PruneOptions` has it by default.
void add_pruning(const PruneOptions& options, StringMap& metadata) {
  add_number("node_threshold", options.node_threshold, metadata);
  add_number("edge_threshold", options.edge_threshold, metadata);
  if (options.keep_errors) metadata["keep_errors"] = "true";
  if (options.max_nodes > 0) metadata["max_nodes"] = std::to_string(options.max_nodes);
  if (options.edge_rule == EdgeRule::kPerTarget) metadata["edge_rule"] = kPerTarget;
}

}  // namespace

StringMap graph_file_metadata(const AttributionGraph& graph, const PrunedGraph* pruned,
                              const Scores& scores, HeaderOf holder) {
  const Provenance& provenance = graph.provenance();
  const CheckedText checked(holder);
  StringMap metadata = {
      {"format", std::string(kFormat)},
      {"version", std::string(kVersion)},
      {"n_layers", std::to_string(graph.n_layers())},
      {"tokens", tokens_json(graph, checked)},
      {"target_labels", target_texts_json(graph, &Target::label, checked)},
      {"target_displays", target_texts_json(graph, &Target::display, checked)},
      {"prompt", checked("prompt", provenance.prompt)},
      {"model_name", checked("model name", provenance.model_name)},
      {"model_hash", checked("model hash", provenance.model_hash)},
      {"transcoders_name", checked("transcoders' name", provenance.transcoders_name)},
      {"transcoders_hash", checked("transcoders' hash", provenance.transcoders_hash)},
      {"scan", checked("scan", provenance.scan)},
      {"tool_version", checked("tool version", provenance.tool_version)},
      {"settings", settings_json(provenance, holder)},
      {"feature_labels", labels_json(provenance, checked)},
      {"pruned", pruned == nullptr ? "false" : "true"},
  };
  add_number("replacement_score", scores.replacement, metadata);
  add_number("completeness_score", scores.completeness, metadata);
  if (pruned != nullptr) add_pruning(pruned->options, metadata);
  return metadata;
}

GraphFileMetadata parse_graph_file_metadata(const StringMap& metadata) {
  const std::string& format = require(metadata, "format", kFormat);
  if (format != kFormat) fail("format", shown(format), kFormat);
  const std::string& version = require(metadata, "version", kVersion);
  if (version != kVersion) fail("version", shown(version), kVersion);
  GraphFileMetadata parsed;
  parsed.n_layers = require_layers(metadata);
  parsed.tokens = require_texts(metadata, "tokens");
  parsed.target_labels = require_texts(metadata, "target_labels");
  parsed.target_displays = find(metadata, "target_displays") == nullptr
                               ? parsed.target_labels
                               : require_texts(metadata, "target_displays");
  parsed.provenance = read_provenance(metadata);
  parsed.scores = {.replacement = optional_number(metadata, "replacement_score"),
                   .completeness = optional_number(metadata, "completeness_score")};
  parsed.pruning = read_pruning(metadata);
  return parsed;
}

}  // namespace circuit
