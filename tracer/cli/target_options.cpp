#include "tracer/cli/target_options.h"

#include <charconv>
#include <cmath>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>

#include <CLI/CLI.hpp>

#include "export/text/output_text.h"
#include "tracer/cli/prune_options.h"
#include "transcoders/weights/vector_file.h"

namespace circuit::cli {
namespace {

constexpr std::string_view kFeatureForm =
    ", expected LAYER_FEATURE_POSITION or that with =WEIGHT, such as 4_436_-1=2";

template <typename Number>
std::optional<Number> parse(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

[[noreturn]] void refuse_feature(const std::string& text, const std::string& what) {
  throw std::invalid_argument("--target-feature '" + text + "': " + what +
                              std::string(kFeatureForm));
}

double parse_weight(const std::string& option, const std::string& text, std::string_view weight) {
  const auto value = parse<double>(weight);
  if (value && std::isfinite(*value) && *value > 0) return *value;
  throw std::invalid_argument(option + " '" + text + "': the weight is '" + std::string(weight) +
                              "', expected a number above 0");
}

/// The options that choose the most probable tokens, where none are taken.
void check_choice(const CLI::App& parsed, const TargetOptions& targets) {
  const auto given = [&](const char* option) { return parsed.count(option) > 0; };
  if (!given("--max-logits") && !given("--logit-prob")) return;
  if (targets.takes_most_probable() && !given("--target-vector")) return;
  const char* const named = given("--target")          ? "--target"
                            : given("--target-vector") ? "--target-vector"
                                                       : "--target-feature";
  throw std::invalid_argument(std::string(named) +
                              " with --max-logits or --logit-prob, which choose targets");
}

/// Paths may hold `=`: what is a file is one.
VectorTarget read_vector_target(const std::string& text) {
  std::error_code ignored;
  std::string_view place = text;
  double weight = 1;
  const std::size_t equals = text.rfind('=');
  if (equals != std::string::npos && !std::filesystem::exists(text, ignored)) {
    place = place.substr(0, equals);
    weight = parse_weight("--target-vector", text, std::string_view(text).substr(equals + 1));
  }
  const VectorPlace vector = parse_vector_place(place);
  std::string label = vector.file.stem().string();
  if (!vector.name.empty()) label += ":" + vector.name;
  return {.label = valid_utf8(label), .vector = read_vector(vector), .weight = weight};
}

}  // namespace

FeatureTarget parse_feature_target(const std::string& text) {
  const std::string_view all = text;
  const std::size_t equals = all.find('=');
  const std::string_view node = all.substr(0, equals);
  const std::size_t first = node.find('_');
  const std::size_t second = first == node.npos ? node.npos : node.find('_', first + 1);
  if (second == node.npos) refuse_feature(text, "names no feature");
  const auto layer = parse<std::int64_t>(node.substr(0, first));
  const auto feature = parse<std::int64_t>(node.substr(first + 1, second - first - 1));
  const auto position = parse<std::int64_t>(node.substr(second + 1));
  if (!layer || *layer < 0) refuse_feature(text, "has no layer");
  if (!feature || *feature < 0) refuse_feature(text, "has no feature");
  if (!position) refuse_feature(text, "has no position");
  FeatureTarget target{.layer = *layer, .feature = *feature, .position = *position};
  if (equals != all.npos) {
    target.weight = parse_weight("--target-feature", text, all.substr(equals + 1));
  }
  return target;
}

void add_target_options(CLI::App& command, TargetOptions& targets, TargetArguments& arguments) {
  const std::string group = "Targets";
  // Bound as raw results: CLI11 takes [1,2], [] and {} in lists of strings for lists of its own.
  const auto add_list = [&](const char* option, std::vector<std::string>& list, const char* type,
                            const char* help) {
    const CLI::callback_t take = [&list](const CLI::results_t& values) {
      list = values;
      return true;
    };
    command.add_option(option, take, help)->type_name(type)->take_all()->group(group);
  };
  add_list("--target", targets.named, "TOKEN",
           "Output to explain, repeatable: a token with its leading space, "
           "#ID, or A-B for a difference of logits; default: the most probable tokens");
  add_list("--target-feature", arguments.features, "L_F_P[=WEIGHT]",
           "Feature whose pre-activation is explained, repeatable: layer, feature, position; "
           "weighs 1 in influence");
  add_list("--target-vector", arguments.vectors, "FILE[:NAME][=WEIGHT]",
           "Direction to explain after the final norm, repeatable: a tensor [d_model] of a "
           "safetensors file; weighs 1 in influence");
  command
      .add_option("--target-position", targets.position,
                  "Where tokens and directions are explained: after this position; negative "
                  "counts from the end [-1]")
      ->type_name("P")
      ->group(group);
  command
      .add_option("--max-logits", targets.max_logits,
                  "Of the most probable tokens: at most so many")
      ->capture_default_str()
      ->group(group);
  command
      .add_option("--logit-prob", targets.logit_probability,
                  "Of the most probable tokens: no more than have this share of probability, "
                  "0 to 1")
      ->capture_default_str()
      ->group(group);
}

void take_target_arguments(const CLI::App& parsed, const TargetArguments& arguments,
                           TargetOptions& targets) {
  check_share("--logit-prob", targets.logit_probability);
  for (const std::string& text : arguments.features) {
    targets.features.push_back(parse_feature_target(text));
  }
  check_choice(parsed, targets);
  for (const std::string& text : arguments.vectors) {
    targets.vectors.push_back(read_vector_target(text));
  }
}

}  // namespace circuit::cli
