// One subcommand of the program: its options live in CLI11, what it does in two steps.
#pragma once

#include <functional>
#include <string>

namespace CLI {
class App;
}

namespace circuit::cli {

struct Command {
  std::string name;
  /// All that can be known from the command line alone. std::invalid_argument is wrong usage
  /// (exit 2), any other exception a failure (exit 1). Touches no model and writes nothing.
  std::function<void()> check;
  /// Does the work and prints the result; any exception is a failure (exit 1).
  std::function<void()> run;
};

/// Each adds its subcommand with all options to `program`.
Command add_trace(CLI::App& program);
Command add_prune(CLI::App& program);
Command add_export(CLI::App& program);
Command add_group(CLI::App& program);
Command add_group_quality(CLI::App& program);
Command add_score(CLI::App& program);
Command add_paths(CLI::App& program);
Command add_compare(CLI::App& program);
Command add_aggregate(CLI::App& program);
Command add_inspect(CLI::App& program);
Command add_convert(CLI::App& program);
Command add_verify(CLI::App& program);
Command add_attention(CLI::App& program);
Command add_faithfulness(CLI::App& program);
Command add_tokenize(CLI::App& program);
Command add_evaluate(CLI::App& program);
Command add_generate(CLI::App& program);
Command add_intervene(CLI::App& program);
Command add_study(CLI::App& program);
Command add_serve(CLI::App& program);
/// `labels` is the subcommand of that name.
Command add_labels_import(CLI::App& labels);
Command add_labels_export(CLI::App& labels);
/// `features` is the subcommand of that name.
Command add_features_active(CLI::App& features);

}  // namespace circuit::cli
