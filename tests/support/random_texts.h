// Texts that stress a tokenizer, the same on every machine: scripts, marks, emoji, white space,
// digits, control characters, texts of special tokens and long runs in random order.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace circuit::testing {

/// The tables of tests/golden/random_texts.json; random_texts.py beside it makes the same texts.
class RandomTexts {
 public:
  /// Throws std::runtime_error when the file is damaged.
  explicit RandomTexts(const std::filesystem::path& tables);

  /// Text number `index`; valid UTF-8.
  std::string make(std::uint64_t index) const;

 private:
  using Range = std::pair<char32_t, char32_t>;
  class Random;

  void append_part(Random& random, std::string& text) const;
  void append_words(Random& random, std::string& text) const;
  void append_script(Random& random, std::string& text) const;
  void append_emoji(Random& random, std::string& text) const;
  const std::string& pick(const std::string& table, Random& random) const;
  const Range& pick_range(const std::string& table, Random& random) const;

  std::map<std::string, std::vector<std::string>> strings_;
  std::map<std::string, std::vector<Range>> ranges_;
};

}  // namespace circuit::testing
