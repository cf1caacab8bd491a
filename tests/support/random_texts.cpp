#include "tests/support/random_texts.h"

#include <simdjson.h>

#include "tracer/text/utf8.h"

namespace circuit::testing {
namespace {

constexpr std::uint64_t kCharacters = 0x110000 - 0x800;  // without surrogates

}  // namespace

// SplitMix64.
class RandomTexts::Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t below(std::uint64_t n) {
    state_ += 0x9E3779B97F4A7C15U;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
    return ((z ^ (z >> 31U)) >> 33U) % n;
  }

  char32_t character(const Range& range) {
    return range.first + static_cast<char32_t>(below(range.second - range.first + 1));
  }

 private:
  std::uint64_t state_;
};

RandomTexts::RandomTexts(const std::filesystem::path& tables) {
  simdjson::dom::parser parser;
  for (const auto [name, entries] : parser.load(tables.string()).get_object()) {
    for (const auto entry : entries.get_array()) {
      if (entry.is_string()) {
        strings_[std::string(name)].emplace_back(entry.get_string().value());
      } else {
        ranges_[std::string(name)].emplace_back(
            static_cast<char32_t>(entry.at(0).get_uint64().value()),
            static_cast<char32_t>(entry.at(1).get_uint64().value()));
      }
    }
  }
}

const std::string& RandomTexts::pick(const std::string& table, Random& random) const {
  const std::vector<std::string>& texts = strings_.at(table);
  return texts[random.below(texts.size())];
}

const RandomTexts::Range& RandomTexts::pick_range(const std::string& table, Random& random) const {
  const std::vector<Range>& ranges = ranges_.at(table);
  return ranges[random.below(ranges.size())];
}

void RandomTexts::append_words(Random& random, std::string& text) const {
  for (std::uint64_t n = 1 + random.below(8); n > 0; --n) {
    text += pick("words", random);
    text += random.below(4) == 0 ? pick("punctuation", random) : " ";
  }
}

void RandomTexts::append_script(Random& random, std::string& text) const {
  const Range& range = pick_range("scripts", random);
  for (std::uint64_t n = 1 + random.below(12); n > 0; --n) {
    append_character(text, random.character(range));
  }
}

void RandomTexts::append_emoji(Random& random, std::string& text) const {
  text += pick("emoji", random);
  for (std::uint64_t n = random.below(4); n > 0; --n) {
    text += pick("joiners", random);
    text += pick("emoji", random);
  }
}

void RandomTexts::append_part(Random& random, std::string& text) const {
  const auto append_repeated = [&](const std::string& table, std::uint64_t least,
                                   std::uint64_t most) {
    const std::string& repeated = pick(table, random);
    for (std::uint64_t n = least + random.below(most - least + 1); n > 0; --n) text += repeated;
  };
  const auto append_characters = [&](const std::string& table, std::uint64_t most) {
    for (std::uint64_t n = 1 + random.below(most); n > 0; --n) {
      append_character(text, random.character(pick_range(table, random)));
    }
  };
  switch (random.below(10)) {
    case 0:
      return append_words(random, text);
    case 1:
      return append_repeated("spaces", 1, 20);
    case 2:
      for (std::uint64_t n = 1 + random.below(8); n > 0; --n) text += pick("digits", random);
      return;
    case 3:
      return append_script(random, text);
    case 4:
      text += pick("bases", random);
      return append_characters("marks", 4);
    case 5:
      return append_emoji(random, text);
    case 6:
      text += pick("special", random);
      return;
    case 7:
      return append_characters("controls", 4);
    case 8:
      for (std::uint64_t n = 1 + random.below(6); n > 0; --n) {
        const auto code = static_cast<char32_t>(random.below(kCharacters));
        append_character(text, code < 0xD800 ? code : code + 0x800);
      }
      return;
    default:
      return append_repeated("runs", 20, 79);
  }
}

std::string RandomTexts::make(std::uint64_t index) const {
  Random random(index);
  std::string text;
  for (std::uint64_t n = 1 + random.below(6); n > 0; --n) append_part(random, text);
  return text;
}

}  // namespace circuit::testing
