#include "export/page/feature_cards.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <map>
#include <stdexcept>
#include <string_view>

#include <simdjson.h>

#include "export/text/output_text.h"

namespace circuit {
namespace {

using simdjson::dom::element;

/// The members of one line's object; every failure names the file and the line.
class CardReader {
 public:
  CardReader(const std::filesystem::path& path, std::size_t line)
      : start_("[read_feature_cards] " + path.string() + ":" + std::to_string(line) + ": ") {}

  [[noreturn]] void fail(const std::string& what) const { throw std::runtime_error(start_ + what); }

  FeatureCard card(const element& object) const {
    if (!object.is_object()) refuse("line", object, "an object");
    FeatureCard card;
    card.layer = index(object, "layer");
    card.feature = index(object, "feature");
    if (const auto value = member(object, "label")) card.label = text("label", *value);
    card.frequency = optional_number(object, "frequency");
    card.maximum = optional_number(object, "maximum");
    if (const auto value = member(object, "histogram")) card.histogram = histogram(*value);
    card.top_logits = token_values(object, "top_logits");
    card.bottom_logits = token_values(object, "bottom_logits");
    if (const auto value = member(object, "examples")) {
      for (const element& item : list("examples", *value)) card.examples.push_back(example(item));
    }
    return card;
  }

 private:
  [[noreturn]] void refuse(std::string_view key, const element& value,
                           std::string_view expected) const {
    fail(std::string(key) + " is " + shorten(one_line(simdjson::minify(value)), 60) +
         ", expected " + std::string(expected));
  }

  /// Empty for a key that is missing or null.
  static std::optional<element> member(const element& object, std::string_view key) {
    element value;
    if (object.at_key(key).get(value) != simdjson::SUCCESS || value.is_null()) return std::nullopt;
    return value;
  }

  element needed(const element& object, std::string_view key, std::string_view expected) const {
    const auto value = member(object, key);
    if (!value) fail("no " + std::string(key) + ", expected " + std::string(expected));
    return *value;
  }

  std::int32_t index(const element& object, std::string_view key) const {
    constexpr std::string_view expected = "a whole number from 0";
    const element value = needed(object, key, expected);
    std::int64_t number = -1;
    if (value.get(number) != simdjson::SUCCESS || number < 0 ||
        number > std::numeric_limits<std::int32_t>::max()) {
      refuse(key, value, expected);
    }
    return static_cast<std::int32_t>(number);
  }

  double number(std::string_view key, const element& value) const {
    double number = 0;
    if (value.get(number) != simdjson::SUCCESS) refuse(key, value, "a number");
    return number;
  }

  std::optional<double> optional_number(const element& object, std::string_view key) const {
    const auto value = member(object, key);
    return value ? std::optional(number(key, *value)) : std::nullopt;
  }

  std::string text(std::string_view key, const element& value) const {
    std::string_view text;
    if (value.get(text) != simdjson::SUCCESS) refuse(key, value, "a string");
    return std::string(text);
  }

  simdjson::dom::array list(std::string_view key, const element& value) const {
    simdjson::dom::array items;
    if (value.get(items) != simdjson::SUCCESS) refuse(key, value, "a list");
    return items;
  }

  std::vector<double> numbers(std::string_view key, const element& value) const {
    std::vector<double> all;
    for (const element& item : list(key, value)) all.push_back(number(key, item));
    return all;
  }

  FeatureCard::Histogram histogram(const element& object) const {
    if (!object.is_object()) refuse("histogram", object, "an object with edges and counts");
    FeatureCard::Histogram histogram;
    histogram.edges = numbers("histogram.edges", needed(object, "edges", "a list of numbers"));
    histogram.counts = numbers("histogram.counts", needed(object, "counts", "a list of numbers"));
    if (histogram.edges.size() != histogram.counts.size() + 1) {
      fail("histogram has " + std::to_string(histogram.edges.size()) + " edges and " +
           std::to_string(histogram.counts.size()) + " counts, expected one edge more than counts");
    }
    if (!std::ranges::is_sorted(histogram.edges)) fail("histogram.edges do not ascend");
    if (std::ranges::any_of(histogram.counts, [](double count) { return count < 0; })) {
      fail("histogram.counts holds a negative number");
    }
    return histogram;
  }

  std::vector<FeatureCard::TokenValue> token_values(const element& object,
                                                    std::string_view key) const {
    std::vector<FeatureCard::TokenValue> all;
    const auto value = member(object, key);
    if (!value) return all;
    for (const element& item : list(key, *value)) {
      const simdjson::dom::array pair = list(key, item);
      if (pair.size() != 2) refuse(key, item, "[token, value]");
      all.push_back({text(key, pair.at(0)), number(key, pair.at(1))});
    }
    return all;
  }

  FeatureCard::Example example(const element& object) const {
    if (!object.is_object()) refuse("example", object, "an object with tokens and activations");
    FeatureCard::Example example;
    for (const element& token : list("tokens", needed(object, "tokens", "a list of strings"))) {
      example.tokens.push_back(text("tokens", token));
    }
    example.activations =
        numbers("activations", needed(object, "activations", "a list of numbers"));
    if (example.activations.size() != example.tokens.size()) {
      fail("an example has " + std::to_string(example.tokens.size()) + " tokens and " +
           std::to_string(example.activations.size()) + " activations");
    }
    if (member(object, "at")) {
      example.at = static_cast<std::size_t>(index(object, "at"));
    } else if (!example.activations.empty()) {
      example.at = static_cast<std::size_t>(std::ranges::max_element(example.activations) -
                                            example.activations.begin());
    }
    if (example.at >= example.tokens.size()) {
      fail("an example of " + std::to_string(example.tokens.size()) + " tokens is about token " +
           std::to_string(example.at));
    }
    return example;
  }

  std::string start_;
};

}  // namespace

std::vector<FeatureCard> read_feature_cards(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file || std::filesystem::is_directory(path)) {
    throw std::runtime_error("[read_feature_cards] " + path.string() + ": cannot be read (" +
                             (file ? "a folder" : std::strerror(errno)) + ")");
  }
  simdjson::dom::parser parser;
  std::map<std::pair<std::int32_t, std::int32_t>, FeatureCard> cards;
  std::string line;
  for (std::size_t number = 1; std::getline(file, line); ++number) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    const CardReader reader(path, number);
    element object;
    if (const auto error = parser.parse(line).get(object); error != simdjson::SUCCESS) {
      reader.fail(std::string("no JSON (") + simdjson::error_message(error) +
                  "), expected one object a line");
    }
    FeatureCard card = reader.card(object);
    const std::pair key(card.layer, card.feature);
    if (!cards.emplace(key, std::move(card)).second) {
      reader.fail("feature " + std::to_string(key.second) + " of layer " +
                  std::to_string(key.first) + " stands here a second time");
    }
  }
  std::vector<FeatureCard> all;
  all.reserve(cards.size());
  for (auto& [key, card] : cards) all.push_back(std::move(card));
  return all;
}

}  // namespace circuit
