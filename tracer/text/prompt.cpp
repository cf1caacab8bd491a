#include "tracer/text/prompt.h"

#include <charconv>
#include <optional>
#include <stdexcept>
#include <string>

#include "tracer/text/utf8.h"

namespace circuit {
namespace {

std::int32_t automatic_bos(const SpecialTokenIds& special) {
  for (const auto& id : {special.bos, special.pad, special.eos}) {
    if (id) return *id;
  }
  if (special.others.empty()) {
    throw std::invalid_argument(
        "[encode_prompt] the prompt does not begin with a special token and the tokenizer has "
        "none to prepend: give --bos ID or --bos none");
  }
  return special.others.front();
}

// The id to put before `first`, if any.
std::optional<std::int32_t> id_to_prepend(const Tokenizer& tokenizer, std::int32_t first,
                                          const PromptOptions& options) {
  switch (options.bos) {
    case PromptOptions::Bos::kNone:
      return std::nullopt;
    case PromptOptions::Bos::kId:
      if (options.bos_id < 0 || options.bos_id >= tokenizer.vocabulary_size()) {
        throw std::invalid_argument("[encode_prompt] bos id " + std::to_string(options.bos_id) +
                                    ", expected 0 to " +
                                    std::to_string(tokenizer.vocabulary_size() - 1));
      }
      if (first == options.bos_id) return std::nullopt;
      return options.bos_id;
    case PromptOptions::Bos::kAutomatic:
      break;
  }
  if (tokenizer.is_special(first)) return std::nullopt;
  return automatic_bos(tokenizer.special_tokens());
}

}  // namespace

PromptOptions parse_bos(std::string_view value) {
  if (value == "none") return {.bos = PromptOptions::Bos::kNone};
  PromptOptions options{.bos = PromptOptions::Bos::kId};
  const char* const end = value.data() + value.size();
  const auto [stop, error] = std::from_chars(value.data(), end, options.bos_id);
  if (error != std::errc() || stop != end || options.bos_id < 0) {
    throw std::invalid_argument("[parse_bos] \"" + std::string(value) +
                                "\", expected a token id or none");
  }
  return options;
}

PromptOptions start_options(std::string_view bos) {
  return bos.empty() ? PromptOptions() : parse_bos(bos);
}

std::vector<std::int32_t> encode_prompt(const Tokenizer& tokenizer, std::string_view prompt,
                                        const PromptOptions& options) {
  if (prompt.empty()) throw std::invalid_argument("[encode_prompt] the prompt is empty");
  check_utf8(prompt, "encode_prompt", "the prompt");
  std::vector<std::int32_t> ids = tokenizer.encode(prompt, {.add_special_tokens = false});
  if (ids.empty()) throw std::invalid_argument("[encode_prompt] the prompt encodes to no token");
  if (const auto id = id_to_prepend(tokenizer, ids.front(), options)) {
    ids.insert(ids.begin(), *id);
  }
  return ids;
}

}  // namespace circuit
