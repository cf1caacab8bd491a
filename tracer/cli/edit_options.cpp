#include "tracer/cli/edit_options.h"

#include <CLI/CLI.hpp>

namespace circuit::cli {

void add_edit_options(CLI::App& command, std::vector<std::string>& edits) {
  const CLI::callback_t take = [&edits](const CLI::results_t& values) {
    edits = values;  // raw: CLI11 would take brackets for lists of its own
    return true;
  };
  command
      .add_option("--set", take,
                  "Give a feature another value, repeatable: LAYER_FEATURE_POSITION with =VALUE, "
                  "=xFACTOR or +=VALUE; POSITION: 7, -1 (the last), 3..5, 3.. (goes on while "
                  "generating), * (all), last_prompt, response")
      ->type_name("NODE=VALUE")
      ->take_all()
      ->group("Features");
}

std::vector<FeatureEdit> parse_edits(const std::vector<std::string>& edits) {
  std::vector<FeatureEdit> parsed;
  for (const std::string& edit : edits) parsed.push_back(parse_feature_edit(edit));
  return parsed;
}

}  // namespace circuit::cli
