#include "tracer/cli/grouping_options.h"

#include <array>
#include <stdexcept>
#include <utility>

#include <CLI/CLI.hpp>

#include "export/text/output_text.h"

namespace circuit::cli {
namespace {

constexpr std::array<std::pair<std::string_view, bool GroupingOptions::*>, 5> kCriteria = {
    {{"feature", &GroupingOptions::by_feature},
     {"similarity", &GroupingOptions::by_similarity},
     {"neighbours", &GroupingOptions::by_neighbours},
     {"layer", &GroupingOptions::by_layer},
     {"position", &GroupingOptions::by_position}}};

void set_criterion(std::string_view name, GroupingOptions& options) {
  for (const auto& [known, member] : kCriteria) {
    if (known != name) continue;
    options.*member = true;
    return;
  }
  throw std::invalid_argument("--by '" + one_line(name) +
                              "', expected some of feature, similarity, neighbours, layer, "
                              "position");
}

void check_cosine(const std::string& option, double value) {
  if (value > 0 && value <= 1) return;
  throw std::invalid_argument(option + " is " + std::to_string(value) +
                              ", expected a number in (0, 1]");
}

}  // namespace

void add_grouping_options(CLI::App& command, GroupingOptions& options, const std::string& group) {
  command
      .add_option("--min-similarity", options.min_similarity,
                  "With --by similarity: least mean cosine of decoders in a group")
      ->capture_default_str()
      ->group(group);
  command
      .add_option("--min-shared", options.min_shared,
                  "With --by neighbours: least mean cosine of shares of inputs and outputs")
      ->capture_default_str()
      ->group(group);
  command.add_option("--min-members", options.min_members, "Smaller groups are dropped")
      ->capture_default_str()
      ->group(group);
}

void parse_criteria(std::string_view list, GroupingOptions& options) {
  while (true) {
    const std::size_t comma = list.find(',');
    set_criterion(list.substr(0, comma), options);
    if (comma == std::string_view::npos) break;
    list.remove_prefix(comma + 1);
  }
  if (options.by_feature && options.by_position) {
    throw std::invalid_argument("--by feature,position, which no two nodes share");
  }
}

void check_grouping_options(const GroupingOptions& options) {
  check_cosine("--min-similarity", options.min_similarity);
  check_cosine("--min-shared", options.min_shared);
  if (options.min_members == 0) {
    throw std::invalid_argument("--min-members is 0, expected a whole number of at least 1");
  }
}

}  // namespace circuit::cli
