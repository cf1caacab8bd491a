#include "tracer/cli/intervention_options.h"

#include <charconv>
#include <cmath>
#include <optional>
#include <stdexcept>
#include <string_view>

#include <CLI/CLI.hpp>

#include "export/names/supernode_file.h"
#include "transcoders/weights/vector_file.h"

namespace circuit::cli {
namespace {

constexpr const char* kGroup = "Change";

[[noreturn]] void refuse(const std::string& option, const std::string& value,
                         const std::string& expected) {
  throw std::invalid_argument(option + " is " + value + ", expected " + expected);
}

template <typename Number>
std::optional<Number> parse(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return {};
  return value;
}

std::optional<LayerRange> parse_layers(const std::string& option, const std::string& text) {
  if (text.empty()) return {};
  const std::size_t dots = text.find("..");
  const auto first = parse<std::int64_t>(std::string_view(text).substr(0, dots));
  const auto last = dots == std::string::npos
                        ? first
                        : parse<std::int64_t>(std::string_view(text).substr(dots + 2));
  if (!first || !last || *first < 0 || *last < *first) {
    refuse(option, "'" + text + "'", "FIRST..LAST, such as 2..5");
  }
  return LayerRange{*first, *last};
}

Freeze parse_freeze(const std::string& text) {
  if (text == "attention") return Freeze::kAttention;
  if (text == "all") return Freeze::kAll;
  if (text == "none") return Freeze::kNone;
  refuse("--freeze", text, "attention, all or none");
}

SwapKind parse_swap_kind(const std::string& text) {
  if (text == "features") return SwapKind::kFeatures;
  if (text == "mlp") return SwapKind::kMlpOutputs;
  if (text == "embedding") return SwapKind::kEmbedding;
  refuse("--swap", text, "features, mlp or embedding");
}

std::vector<std::pair<std::int64_t, std::int64_t>> parse_map(const std::string& text) {
  std::vector<std::pair<std::int64_t, std::int64_t>> map;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t comma = rest.find(',');
    const std::string_view pair = rest.substr(0, comma);
    const std::size_t equals = pair.find('=');
    const auto here = parse<std::int64_t>(pair.substr(0, equals));
    const auto there = equals == std::string_view::npos
                           ? std::nullopt
                           : parse<std::int64_t>(pair.substr(equals + 1));
    if (!here || !there) {
      refuse("--swap-map", "'" + text + "'", "pairs HERE=THERE of positions, such as 7=8,10=10");
    }
    map.emplace_back(*here, *there);
    if (comma == std::string_view::npos) break;
    rest.remove_prefix(comma + 1);
  }
  return map;
}

/// `--steer` before its file is read.
struct SteeringText {
  VectorPlace place;
  Steering steering;
};

SteeringText parse_steering(const std::string& text) {
  const auto fail = [&] [[noreturn]] (const std::string& what) {
    throw std::invalid_argument("--steer '" + text + "': " + what +
                                ", expected FILE[:NAME]@LAYER[@POSITION]=ALPHA");
  };
  SteeringText parsed;
  parsed.steering.text = text;
  const std::size_t equals = text.rfind('=');
  const auto alpha = equals == std::string::npos
                         ? std::nullopt
                         : parse<double>(std::string_view(text).substr(equals + 1));
  if (!alpha || !std::isfinite(*alpha)) fail("there is no finite ALPHA");
  parsed.steering.alpha = *alpha;
  std::string place = text.substr(0, equals);
  std::size_t at = place.rfind('@');
  std::string positions = "*";
  if (at != std::string::npos && !parse<std::int64_t>(place.substr(at + 1))) {
    positions = place.substr(at + 1);  // `3..5`, `-1..`, `*`, a name
    place.resize(at);
    at = place.rfind('@');
  } else if (at != std::string::npos) {
    const std::size_t before = place.rfind('@', at - 1);
    if (at > 0 && before != std::string::npos &&
        parse<std::int64_t>(place.substr(before + 1, at - before - 1))) {
      positions = place.substr(at + 1);
      place.resize(at);
      at = before;
    }
  }
  const auto layer =
      at == std::string::npos ? std::nullopt : parse<std::int64_t>(place.substr(at + 1));
  if (!layer || *layer < 0) fail("there is no LAYER");
  parsed.steering.layer = *layer;
  try {
    parsed.steering.positions = parse_positions(text, positions);
  } catch (const std::invalid_argument&) {
    fail("'" + positions + "' is no position");
  }
  parsed.place = parse_vector_place(std::string_view(place).substr(0, at));
  return parsed;
}

bool is_supernode(const std::string& edit) { return edit.starts_with('@'); }

// The edits that `@NAME OP` stands for: one for each member.
void add_members(const std::string& edit, const SupernodeFile& file,
                 std::vector<FeatureEdit>& edits) {
  const ViewState::Supernode* found = nullptr;
  for (const ViewState::Supernode& group : file.supernodes) {
    const std::string_view rest = std::string_view(edit).substr(1);
    if (!rest.starts_with(group.name)) continue;
    const std::string_view operation = rest.substr(group.name.size());
    if (!operation.starts_with('=') && !operation.starts_with("+=")) continue;
    if (found == nullptr || group.name.size() > found->name.size()) found = &group;
  }
  if (found == nullptr) {
    throw std::invalid_argument("--set '" + edit + "': there is no such supernode");
  }
  const std::string operation = edit.substr(1 + found->name.size());
  for (const std::string& id : found->node_ids) {
    edits.push_back(parse_feature_edit(id + operation));
    edits.back().text = edit + " (" + id + ")";
  }
}

}  // namespace

void add_intervention_options(CLI::App& command, InterventionArguments& arguments) {
  const auto repeatable = [&command](const char* name, std::vector<std::string>& into,
                                     const std::string& help, const char* type) {
    const CLI::callback_t take = [&into](const CLI::results_t& values) {
      into = values;  // raw: CLI11 would take brackets for lists of its own
      return true;
    };
    command.add_option(name, take, help)->type_name(type)->take_all()->group(kGroup);
  };
  repeatable("--set", arguments.edits,
             "Give a feature another value, repeatable: LAYER_FEATURE_POSITION or @SUPERNODE with "
             "=VALUE, =xFACTOR, +=VALUE, =mean:FILE.jsonl or =from:TEXT@POSITION; POSITION: 7, -1 "
             "(the last), 3..5, 3.. (goes on while generating), * (all), last_prompt, response",
             "NODE=VALUE");
  command
      .add_option("--supernodes", arguments.supernodes,
                  "Where the groups that --set names by @ are: a file of `group`")
      ->type_name("FILE")
      ->group(kGroup);
  command.add_flag("--force", arguments.force, "Take supernodes made with other transcoders")
      ->group(kGroup);
  repeatable("--steer", arguments.steering,
             "Add ALPHA times a vector to the residual stream behind a layer, repeatable",
             "FILE[:NAME]@LAYER[@POSITION]=ALPHA");
  command
      .add_option("--swap-from", arguments.swap_from,
                  "Take over what the model does on this prompt; with --swap-map where the "
                  "numbers of tokens differ")
      ->type_name("TEXT")
      ->group(kGroup);
  command.add_option("--swap-map", arguments.swap_map, "Which positions: here and there")
      ->type_name("HERE=THERE,…")
      ->group(kGroup);
  command
      .add_option("--swap", arguments.swap,
                  "features: all activations; mlp: what the MLPs write; embedding: the token's")
      ->type_name("features|mlp|embedding")
      ->capture_default_str()
      ->group(kGroup);
  command.add_option("--swap-layers", arguments.swap_layers, "In these layers; default: all")
      ->type_name("FIRST..LAST")
      ->group(kGroup);
  command
      .add_option("--freeze", arguments.freeze,
                  "While the prompt is read, attention: patterns stay those of the unchanged run; "
                  "all: the scales of norms too; none: everything reacts")
      ->type_name("attention|all|none")
      ->capture_default_str()
      ->group(kGroup);
  command
      .add_option("--constrained", arguments.constrained,
                  "Layers whose MLP outputs stay those of the unchanged run; features then write "
                  "into these layers alone. All layers: direct effects")
      ->type_name("FIRST..LAST")
      ->group(kGroup);
}

void check_intervention_options(const InterventionArguments& arguments) {
  for (const std::string& edit : arguments.edits) {
    if (!is_supernode(edit)) {
      parse_feature_edit(edit);
    } else if (arguments.supernodes.empty()) {
      throw std::invalid_argument("--set '" + edit +
                                  "' names a supernode, expected --supernodes FILE");
    }
  }
  for (const std::string& text : arguments.steering) parse_steering(text);
  parse_freeze(arguments.freeze);
  parse_layers("--constrained", arguments.constrained);
  parse_layers("--swap-layers", arguments.swap_layers);
  parse_map(arguments.swap_map);
  parse_swap_kind(arguments.swap);
  if (arguments.swap_from.empty() &&
      !(arguments.swap_map.empty() && arguments.swap_layers.empty())) {
    throw std::invalid_argument("--swap-map and --swap-layers need --swap-from TEXT");
  }
  if (arguments.force && arguments.supernodes.empty()) {
    throw std::invalid_argument("--force without --supernodes");
  }
}

ReadIntervention read_intervention_options(const InterventionArguments& arguments) {
  ReadIntervention read;
  Intervention& intervention = read.intervention;
  SupernodeFile file;
  if (!arguments.supernodes.empty()) {
    file = read_supernode_file(arguments.supernodes);
    if (!arguments.force) read.transcoders_hash = file.transcoders_hash;
  }
  for (const std::string& edit : arguments.edits) {
    if (is_supernode(edit)) {
      add_members(edit, file, intervention.edits);
    } else {
      intervention.edits.push_back(parse_feature_edit(edit));
    }
  }
  for (const std::string& text : arguments.steering) {
    SteeringText parsed = parse_steering(text);
    parsed.steering.vector = read_vector(parsed.place, parsed.steering.layer);
    intervention.steering.push_back(std::move(parsed.steering));
  }
  if (!arguments.swap_from.empty()) {
    PositionSwap swap{.kind = parse_swap_kind(arguments.swap),
                      .from = {},
                      .map = parse_map(arguments.swap_map),
                      .layers = parse_layers("--swap-layers", arguments.swap_layers)};
    swap.from.prompt = arguments.swap_from;
    intervention.swaps.push_back(std::move(swap));
  }
  intervention.freeze = parse_freeze(arguments.freeze);
  intervention.constrained = parse_layers("--constrained", arguments.constrained);
  return read;
}

}  // namespace circuit::cli
