#include "export/names/label_import.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

#include <simdjson.h>

#include "export/text/output_text.h"
#include "export/text/text_lines.h"

namespace circuit {
namespace {

using simdjson::dom::element;

/// Of a file that is one JSON list, which must be held whole; and what it may unpack to.
constexpr std::size_t kLongestList = 512ULL << 20;

struct Explanation {
  std::string model, source_set, explainer, text;
  std::pair<std::int32_t, std::int32_t> feature;
};

/// A number, or digits as text.
std::optional<std::int32_t> whole_number(const element& value) {
  std::int64_t number = -1;
  std::string_view digits;
  if (value.get(digits) == simdjson::SUCCESS) {
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  } else if (value.get(number) != simdjson::SUCCESS) {
    return std::nullopt;
  }
  if (number < 0 || number > std::numeric_limits<std::int32_t>::max()) return std::nullopt;
  return static_cast<std::int32_t>(number);
}

std::string text_of(const element& object, std::string_view key) {
  std::string_view text;
  return object[key].get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}

std::string shown(const element& value) { return one_line(shorten(simdjson::minify(value), 60)); }

/// Reads the objects of one file after the other and keeps what counts.
class Importer {
 public:
  explicit Importer(const LabelImportOptions& options) : options_(options) {}

  void read(const std::filesystem::path& path) {
    TextLines lines(path, "import_labels", {.longest_line = kLongestList});
    auto line = lines.next();
    while (line && trimmed(*line).empty()) line = lines.next();
    if (line && trimmed(*line).starts_with('[')) {
      read_list(lines, std::string(*line));
      return;
    }
    for (; line; line = lines.next()) {
      const std::string_view text = trimmed(*line);
      if (!text.empty()) take(lines, parse(lines, text));
    }
  }

  ImportedLabels result() && { return std::move(result_); }

 private:
  static std::string_view trimmed(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(" \t\r");
    if (begin == text.npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t\r") + 1 - begin);
  }

  element parse(const TextLines& lines, std::string_view text) {
    element document;
    if (const auto error = parser_.parse(text.data(), text.size()).get(document)) {
      lines.fail(std::string("is no JSON (") + simdjson::error_message(error) +
                 "), expected an explanation");
    }
    return document;
  }

  void read_list(TextLines& lines, std::string text) {
    while (const auto line = lines.next()) {
      text += '\n';
      text += *line;
      if (text.size() > kLongestList) {
        lines.fail("the list is longer than " + std::to_string(kLongestList) + " bytes");
      }
    }
    const element document = parse(lines, text);
    simdjson::dom::array list;
    if (document.get(list) != simdjson::SUCCESS) lines.fail("is no list, expected explanations");
    for (const element& entry : list) take(lines, entry);
  }

  Explanation read_one(const TextLines& lines, const element& entry) const {
    constexpr std::string_view kExpected =
        ", expected an explanation: {\"modelId\": …, \"layer\": \"20-SOURCE-SET\", \"index\": …, "
        "\"description\": …}";
    element layer;
    element index;
    if (!entry.is_object() || entry["layer"].get(layer) != simdjson::SUCCESS ||
        entry["index"].get(index) != simdjson::SUCCESS) {
      lines.fail("is " + shown(entry) + std::string(kExpected));
    }
    std::string source = layer.is_string() ? text_of(entry, "layer") : simdjson::minify(layer);
    const std::size_t dash = source.find('-');
    Explanation explanation{
        .model = text_of(entry, "modelId"),
        .source_set = dash == source.npos ? std::string() : source.substr(dash + 1),
        .explainer = text_of(entry, "explanationModelName"),
        .text = std::string(trimmed(text_of(entry, "description")))};
    std::int32_t number = -1;
    const char* const end = source.data() + std::min(dash, source.size());
    const auto read = std::from_chars(source.data(), end, number);
    const auto feature = whole_number(index);
    if (read.ec != std::errc{} || read.ptr != end || number < 0) {
      lines.fail("layer is " + shown(layer) +
                 ", expected such as \"20-gemmascope-transcoder-16k\"");
    }
    if (!feature) lines.fail("index is " + shown(index) + ", expected a whole number from 0");
    explanation.feature = {number, *feature};
    return explanation;
  }

  void take(const TextLines& lines, const element& entry) {
    const Explanation explanation = read_one(lines, entry);
    ++result_.explanations;
    const bool wanted =
        (options_.source_set.empty() || explanation.source_set == options_.source_set) &&
        (options_.explainer.empty() || explanation.explainer == options_.explainer);
    if (!wanted) {
      ++result_.of_others;
      return;
    }
    require_same(lines, explanation);
    if (explanation.text.empty()) {
      ++result_.empty;
      return;
    }
    FeatureLabel label{.text = cut(explanation.text), .source = source_of(explanation)};
    if (!result_.labels.emplace(explanation.feature, std::move(label)).second) {
      ++result_.duplicates;
    }
  }

  void require_same(const TextLines& lines, const Explanation& explanation) {
    if (!known_) {
      known_ = true;
      result_.model = explanation.model;
      result_.source_set = explanation.source_set;
      return;
    }
    if (explanation.model == result_.model && explanation.source_set == result_.source_set) return;
    lines.fail("is of " + name_of(explanation.model, explanation.source_set) +
               ", those before of " + name_of(result_.model, result_.source_set) +
               "; expected one model and source set");
  }

  static std::string name_of(const std::string& model, const std::string& source_set) {
    return "'" + one_line(shorten(model + "/" + source_set, 80)) + "'";
  }

  static std::string source_of(const Explanation& explanation) {
    return explanation.explainer.empty() ? "neuronpedia" : "neuronpedia " + explanation.explainer;
  }

  /// At most `kLongestLabel` bytes, as labels files have them.
  static std::string cut(const std::string& text) {
    constexpr std::size_t kBytesOfACharacter = 4;
    return text.size() <= kLongestLabel ? text : shorten(text, kLongestLabel / kBytesOfACharacter);
  }

  LabelImportOptions options_;
  simdjson::dom::parser parser_;
  ImportedLabels result_;
  bool known_ = false;
};

}  // namespace

ImportedLabels import_labels(const std::vector<std::filesystem::path>& files,
                             const LabelImportOptions& options) {
  Importer importer(options);
  for (const std::filesystem::path& file : files) importer.read(file);
  return std::move(importer).result();
}

}  // namespace circuit
