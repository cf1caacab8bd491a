#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tracer/text/base64.h"
#include "tracer/text/tokenizer_file.h"

namespace circuit {
namespace {

using Kind = NormalizerStep::Kind;

constexpr std::string_view kSupported =
    "NFC, NFD, NFKC, NFKD, Lowercase, Precompiled, Prepend, Replace, Strip, Sequence";

std::optional<Kind> kind_without_settings(std::string_view type) {
  if (type == "NFC") return Kind::kNfc;
  if (type == "NFD") return Kind::kNfd;
  if (type == "NFKC") return Kind::kNfkc;
  if (type == "NFKD") return Kind::kNfkd;
  if (type == "Lowercase") return Kind::kLowercase;
  return std::nullopt;
}

NormalizerStep read_replace(const JsonValue& value) {
  const JsonValue pattern = value.at("pattern");
  const auto literal = pattern.find("String");
  const JsonValue text = literal ? *literal : pattern.at("Regex");
  if (text.string().empty()) text.fail("is empty");
  return {literal ? Kind::kReplace : Kind::kReplaceMatches, text.string(),
          value.at("content").string()};
}

NormalizerStep read_charsmap(const JsonValue& value) {
  const JsonValue text = value.at("precompiled_charsmap");
  auto bytes = decode_base64(text.string());
  if (!bytes) text.fail("is not Base64");
  return {Kind::kCharsmap, "", std::move(*bytes)};
}

void append_step(const JsonValue& value, std::vector<NormalizerStep>& steps) {
  const std::string type = value.at("type").string();
  if (type == "Sequence") {
    for (const JsonValue& part : value.at("normalizers").array()) append_step(part, steps);
  } else if (const auto kind = kind_without_settings(type)) {
    steps.push_back({*kind, "", ""});
  } else if (type == "Prepend") {
    steps.push_back({Kind::kPrepend, "", value.at("prepend").string()});
  } else if (type == "Replace") {
    steps.push_back(read_replace(value));
  } else if (type == "Precompiled") {
    steps.push_back(read_charsmap(value));
  } else if (type == "Strip") {
    if (value.at("strip_left").boolean()) steps.push_back({Kind::kStripLeft, "", ""});
    if (value.at("strip_right").boolean()) steps.push_back({Kind::kStripRight, "", ""});
  } else {
    value.at("type").refuse(type, kSupported);
  }
}

}  // namespace

Normalizer read_normalizer(const JsonValue& root) {
  const auto value = root.find("normalizer");
  std::vector<NormalizerStep> steps;
  if (value) append_step(*value, steps);
  try {
    return Normalizer(std::move(steps));
  } catch (const std::invalid_argument& error) {
    value->fail(error.what());
  }
}

}  // namespace circuit
