#include "tracer/text/target_text.h"

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <string>
#include <vector>

#include "tracer/text/utf8.h"

namespace circuit {
namespace {

bool is_id_form(std::string_view text) {
  return text.size() > 1 && text[0] == '#' &&
         std::ranges::all_of(text.substr(1), [](char c) { return c >= '0' && c <= '9'; });
}

std::int32_t parse_id(const Tokenizer& tokenizer, std::string_view text) {
  std::int32_t id = -1;
  const auto [stop, error] = std::from_chars(text.data() + 1, text.data() + text.size(), id);
  if (error != std::errc() || id >= tokenizer.vocabulary_size()) {
    throw std::invalid_argument("[parse_target] " + std::string(text) + ", expected #0 to #" +
                                std::to_string(tokenizer.vocabulary_size() - 1));
  }
  return id;
}

std::optional<std::int32_t> find_operand(const Tokenizer& tokenizer, std::string_view text) {
  if (text.empty()) return std::nullopt;
  if (is_id_form(text)) return parse_id(tokenizer, text);
  return tokenizer.find_single(text);
}

std::string describe(const Tokenizer& tokenizer, std::int32_t id) {
  return "\"" + tokenizer.token_text(id) + "\" (#" + std::to_string(id) + ")";
}

std::string describe(const Tokenizer& tokenizer, const TargetTokens& target) {
  return describe(tokenizer, target.a) + " - " + describe(tokenizer, *target.b);
}

std::vector<TargetTokens> find_differences(const Tokenizer& tokenizer, std::string_view value) {
  std::vector<TargetTokens> differences;
  for (std::size_t dash = value.find('-'); dash != std::string_view::npos;
       dash = value.find('-', dash + 1)) {
    const auto a = find_operand(tokenizer, value.substr(0, dash));
    const auto b = a ? find_operand(tokenizer, value.substr(dash + 1)) : std::nullopt;
    if (b) differences.push_back({*a, *b});
  }
  return differences;
}

[[noreturn]] void fail_without_candidate(const Tokenizer& tokenizer, std::string_view value) {
  std::string message = "[parse_target] \"" + std::string(value) +
                        "\" is neither one token nor two joined by -: it encodes to";
  const char* separator = " ";
  for (const std::int32_t id : tokenizer.encode(value, {.add_special_tokens = false})) {
    message += separator + describe(tokenizer, id);
    separator = ", ";
  }
  throw std::invalid_argument(message);
}

}  // namespace

TargetTokens parse_target(const Tokenizer& tokenizer, std::string_view value) {
  if (value.empty()) throw std::invalid_argument("[parse_target] the target is empty");
  check_utf8(value, "parse_target", "the target");
  if (const auto whole = find_operand(tokenizer, value)) return {*whole, std::nullopt};
  const std::vector<TargetTokens> differences = find_differences(tokenizer, value);
  if (differences.empty()) fail_without_candidate(tokenizer, value);
  if (differences.size() > 1) {
    std::string message = "[parse_target] \"" + std::string(value) + "\" can mean";
    const char* separator = " ";
    for (const TargetTokens& difference : differences) {
      message += separator + describe(tokenizer, difference);
      separator = " or ";
    }
    throw std::invalid_argument(message + ": give the ids as #ID-#ID");
  }
  if (differences[0].a == differences[0].b) {
    throw std::invalid_argument("[parse_target] both sides of \"" + std::string(value) + "\" are " +
                                describe(tokenizer, differences[0].a));
  }
  return differences[0];
}

}  // namespace circuit
