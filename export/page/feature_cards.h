// What is known of features beside one prompt: where else they fire, what they write. Shown by the
// page beside a node; read from a file of lines (docs/formats.md, feature cards).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace circuit {

struct FeatureCard {
  struct TokenValue {
    std::string token;
    double value = 0;
  };
  /// A stretch of text; `at` is the index of the token that it is about, the strongest one.
  struct Example {
    std::vector<std::string> tokens;
    std::vector<double> activations;  ///< [tokens]
    std::size_t at = 0;
  };
  struct Histogram {
    std::vector<double> edges;   ///< ascending, [counts + 1]
    std::vector<double> counts;  ///< not negative
  };

  std::int32_t layer = 0;
  std::int32_t feature = 0;
  std::string label;
  std::optional<double> frequency;  ///< share of tokens at which it fires
  std::optional<double> maximum;    ///< largest activation seen
  std::optional<Histogram> histogram;
  std::vector<TokenValue> top_logits, bottom_logits;
  std::vector<Example> examples;
};

/// The cards of a file of JSON lines, by layer and feature. Unknown keys and empty lines are left
/// alone. Throws std::runtime_error `[read_feature_cards] FILE:LINE: found, expected` for a file
/// that cannot be read, text that is not JSON, a missing or wrong value, or a feature twice.
std::vector<FeatureCard> read_feature_cards(const std::filesystem::path& path);

}  // namespace circuit
