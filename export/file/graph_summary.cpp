#include "export/file/graph_summary.h"

#include <stdexcept>
#include <utility>

#include <simdjson.h>

#include "export/file/graph_file_metadata.h"
#include "transcoders/weights/safetensors.h"

namespace circuit {
namespace {

using simdjson::dom::element;

[[noreturn]] void fail(const std::filesystem::path& path, const std::string& what) {
  throw std::runtime_error("[summarize] " + path.string() + ": " + what);
}

std::string text_of(const element& object, std::string_view key) {
  std::string_view text;
  return object[key].get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}

std::optional<double> number_of(const element& object, std::string_view key) {
  double value = 0;
  if (object[key].get(value) != simdjson::SUCCESS) return std::nullopt;
  return value;
}

std::optional<std::size_t> length_of(const element& object, std::string_view key) {
  simdjson::dom::array array;
  if (object[key].get(array) != simdjson::SUCCESS) return std::nullopt;
  std::size_t length = 0;  // array.size() stops counting at 16 million
  for ([[maybe_unused]] const element& entry : array) ++length;
  return length;
}

std::size_t first_dimension(const SafetensorsFile& file, std::string_view tensor) {
  const auto& shape = file.view(tensor).shape;
  return shape.empty() ? 0 : static_cast<std::size_t>(shape.front());
}

}  // namespace

GraphSummary summarize_graph_file(const std::filesystem::path& path) {
  const SafetensorsFile file = SafetensorsFile::open(path);
  GraphFileMetadata metadata;
  try {
    metadata = parse_graph_file_metadata(file.metadata());
  } catch (const std::runtime_error& error) {
    fail(path, error.what());
  }
  const std::size_t offsets = first_dimension(file, "row_offsets");
  if (offsets == 0) fail(path, "tensor row_offsets: is empty, expected one more than nodes");
  GraphSummary summary{.prompt = std::move(metadata.provenance.prompt),
                       .tokens = metadata.tokens.size(),
                       .nodes = offsets - 1,
                       .edges = first_dimension(file, "columns"),
                       .scores = metadata.scores};
  if (summary.prompt.empty()) {
    for (const std::string& token : metadata.tokens) summary.prompt += token;
  }
  return summary;
}

std::optional<GraphSummary> summarize_viewer_json(const std::filesystem::path& path) {
  simdjson::dom::parser parser;
  element document;
  if (const auto error = parser.load(path.string()).get(document)) {
    fail(path, std::string("is no JSON (") + simdjson::error_message(error) + ")");
  }
  element metadata;
  const auto nodes = length_of(document, "nodes");
  const auto edges = length_of(document, "links");
  if (!nodes || !edges || document["metadata"].get(metadata) != simdjson::SUCCESS) {
    return std::nullopt;
  }
  return GraphSummary{.prompt = text_of(metadata, "prompt"),
                      .tokens = length_of(metadata, "prompt_tokens").value_or(0),
                      .nodes = *nodes,
                      .edges = *edges,
                      .scores = {.replacement = number_of(metadata, "replacement_score"),
                                 .completeness = number_of(metadata, "completeness_score")}};
}

}  // namespace circuit
