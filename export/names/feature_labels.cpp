#include "export/names/feature_labels.h"

#include <limits>
#include <optional>

#include <nlohmann/json.hpp>
#include <simdjson.h>

#include "export/text/output_text.h"
#include "export/text/text_lines.h"

namespace circuit {
namespace {

using simdjson::dom::element;
using Key = FeatureLabels::key_type;

bool is_blank(std::string_view line) { return line.find_first_not_of(" \t") == line.npos; }

/// One line's object; every failure names the file and the line.
class LabelReader {
 public:
  LabelReader(const TextLines& lines, const element& object) : lines_(lines), object_(object) {}

  Key key() const { return {index("layer"), index("feature")}; }

  FeatureLabel label(const std::string& file) const {
    FeatureLabel label{.text = text("text").value_or(""), .source = text("source").value_or(file)};
    if (label.text.empty()) lines_.fail("text is empty or missing, expected what to call it");
    if (label.text.size() > kLongestLabel) {
      lines_.fail("text has " + std::to_string(label.text.size()) + " bytes, expected at most " +
                  std::to_string(kLongestLabel));
    }
    return label;
  }

 private:
  std::int32_t index(std::string_view name) const {
    const std::string expected = ", expected a whole number from 0";
    element value;
    if (object_[name].get(value) != simdjson::SUCCESS) {
      lines_.fail(std::string(name) + " is missing" + expected);
    }
    std::int64_t number = -1;
    if (value.get(number) != simdjson::SUCCESS || number < 0 ||
        number > std::numeric_limits<std::int32_t>::max()) {
      lines_.fail(std::string(name) + " is " + shown(value) + expected);
    }
    return static_cast<std::int32_t>(number);
  }

  /// Empty when it is not there, or null.
  std::optional<std::string> text(std::string_view name) const {
    element value;
    if (object_[name].get(value) != simdjson::SUCCESS || value.is_null()) return std::nullopt;
    std::string_view text;
    if (value.get(text) != simdjson::SUCCESS) {
      lines_.fail(std::string(name) + " is " + shown(value) + ", expected a string");
    }
    return std::string(text);
  }

  static std::string shown(const element& value) {
    return one_line(shorten(simdjson::minify(value), 60));
  }

  const TextLines& lines_;
  element object_;
};

}  // namespace

FeatureLabels read_labels(const std::filesystem::path& path) {
  TextLines lines(path, "read_labels");
  simdjson::dom::parser parser;
  FeatureLabels labels;
  while (const auto line = lines.next()) {
    if (is_blank(*line)) continue;
    element object;
    if (parser.parse(line->data(), line->size()).get(object) != simdjson::SUCCESS ||
        !object.is_object()) {
      lines.fail(
          "is no JSON object, expected {\"layer\": …, \"feature\": …, \"text\": …, \"source\": …}");
    }
    const LabelReader reader(lines, object);
    const Key key = reader.key();
    if (!labels.emplace(key, reader.label(path.filename().string())).second) {
      lines.fail("layer " + std::to_string(key.first) + ", feature " + std::to_string(key.second) +
                 " has a label already, expected one a feature");
    }
  }
  return labels;
}

std::string labels_jsonl(const FeatureLabels& labels) {
  std::string text;
  for (const auto& [key, label] : labels) {
    nlohmann::ordered_json line;
    line["layer"] = key.first;
    line["feature"] = key.second;
    line["text"] = valid_utf8(label.text);
    line["source"] = valid_utf8(label.source);
    text += line.dump() + "\n";
  }
  return text;
}

std::size_t apply_labels(const FeatureLabels& labels, AttributionGraph& graph) {
  FeatureLabels found;
  for (std::size_t index = 0; index < graph.n_features(); ++index) {
    const Node node = graph.node(index);
    const auto label = labels.find({node.layer, node.feature});
    if (label != labels.end()) found.insert(*label);
  }
  const std::size_t count = found.size();
  graph.replace_feature_labels(std::move(found));
  return count;
}

}  // namespace circuit
