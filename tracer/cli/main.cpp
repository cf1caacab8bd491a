#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

#include "tracer/cli/command.h"
#include "tracer/cli/count_check.h"
#include "tracer/cli/failure.h"
#include "tracer/cli/help_format.h"
#include "tracer/cli/standard_output.h"
#include "tracer/version.h"

namespace circuit::cli {
namespace {

enum ExitCode { kDone = 0, kFailed = 1, kWrongUsage = 2 };

constexpr const char* kDescription =
    "circuit traces how a language model comes to its next token, and draws the circuit.";
constexpr const char* kExamples = R"(Examples:
  circuit trace --prompt 'le contraire de petit est'    the bundled model's circuit, as pictures
  circuit trace --help                                  all options of a subcommand

Exit status: 0 done, 1 failed, 2 wrong usage.)";

int fail(ExitCode code, const std::string& line) {
  std::fprintf(stderr, "circuit: %s\n", line.c_str());
  return code;
}

std::string hint(const std::string& command) {
  return " (see circuit " + (command.empty() ? "" : command + " ") + "--help)";
}

std::string operation_of(const std::string& command) {
  return command.empty() ? "command line" : command;
}

int fail_usage(const std::string& command, const std::exception_ptr& error) {
  return fail(kWrongUsage, failure_line(error, operation_of(command)) + hint(command));
}

/// `features active` of a subcommand with subcommands.
std::string chosen_command(const CLI::App& program) {
  std::string name;
  for (std::vector<CLI::App*> chosen = program.get_subcommands(); !chosen.empty();
       chosen = chosen.front()->get_subcommands()) {
    name += (name.empty() ? "" : " ") + chosen.front()->get_name();
  }
  return name;
}

// What no option and no argument took; CLI11's own message for it names no subcommand.
void refuse_remaining(const CLI::App& program, const std::string& command) {
  for (const std::string& text : program.remaining(/*recurse=*/true)) {
    if (text == "--") continue;
    const bool option = text.size() > 1 && text.front() == '-';
    const char* const what = option            ? "unknown option "
                             : command.empty() ? "unknown subcommand "
                                               : "unexpected ";
    throw std::invalid_argument(what + text);
  }
  if (command.empty()) throw std::invalid_argument("no subcommand");
}

/// Adds `features` with its subcommands.
Command add_features(CLI::App& program) {
  CLI::App* const features =
      program.add_subcommand("features", "What transcoders or an SAE hold: active");
  features->require_subcommand(0, 1);
  return add_features_active(*features);
}

/// `labels`, whose subcommands are added to it.
CLI::App& labels_of(CLI::App& program) {
  CLI::App* const labels =
      program.add_subcommand("labels", "Labels files, what features are called: import, export");
  labels->require_subcommand(0, 1);
  return *labels;
}

void configure(CLI::App& app) {  // and its subcommands
  app.allow_extras();
  app.set_help_flag("-h,--help", "Print this help and exit");
  use_help_format(app);
  for (CLI::Option* const option : app.get_options()) {
    if (option->get_type_name() == "UINT") option->check(count_complaint);
  }
  for (CLI::App* const command : app.get_subcommands({})) configure(*command);
}

// Every option that converts its text is a number.
[[noreturn]] void refuse_conversion(const CLI::ConversionError& error) {
  constexpr std::string_view kPrefix = "Could not convert: ";
  std::string_view text = error.what();
  if (text.starts_with(kPrefix)) text.remove_prefix(kPrefix.size());
  throw std::invalid_argument(std::string(text) + ", expected a number");
}

void parse_arguments(CLI::App& program, int argc, const char* const* argv) {
  try {
    program.parse(argc, argv);
  } catch (const CLI::ConversionError& error) {
    refuse_conversion(error);
  }
  refuse_remaining(program, chosen_command(program));
}

/// kDone when there is something to run, -1 when all is done, else the exit code.
int parse(CLI::App& program, int argc, const char* const* argv) {
  try {
    parse_arguments(program, argc, argv);
    return kDone;
  } catch (const CLI::Success& asked) {  // --help, --version
    if (dynamic_cast<const CLI::CallForVersion*>(&asked) != nullptr) {
      print(std::string("circuit ") + kVersion + "\n");
    } else {
      print(help_text(program));
    }
    return -1;
  } catch (...) {
    return fail_usage(chosen_command(program), std::current_exception());
  }
}

int run(const Command& command) {
  try {
    command.check();
  } catch (const std::invalid_argument&) {
    return fail_usage(command.name, std::current_exception());
  }
  command.run();
  return kDone;
}

int run_program(int argc, const char* const* argv) {
  CLI::App program(kDescription, "circuit");
  program.set_version_flag("--version", kVersion);
  program.require_subcommand(0, 1);
  program.footer(kExamples);
  CLI::App& labels = labels_of(program);
  // One a line: additions then merge.
  // clang-format off
  const std::array commands = {
      add_trace(program),
      add_prune(program),
      add_export(program),
      add_score(program),
      add_paths(program),
      add_compare(program),
      add_aggregate(program),
      add_group(program),
      add_group_quality(program),
      add_study(program),
      add_serve(program),
      add_labels_import(labels),
      add_labels_export(labels),
      add_inspect(program),
      add_convert(program),
      add_verify(program),
      add_attention(program),
      add_faithfulness(program),
      add_tokenize(program),
      add_features(program),
      add_evaluate(program),
      add_intervene(program),
      add_generate(program),
  };
  // clang-format on
  configure(program);
  const int parsed = parse(program, argc, argv);
  if (parsed != kDone) return parsed < 0 ? kDone : parsed;
  const std::string name = chosen_command(program);
  for (const Command& command : commands) {
    if (command.name != name) continue;
    try {
      return run(command);
    } catch (...) {
      return fail(kFailed, failure_line(std::current_exception(), name));
    }
  }
  return fail(kWrongUsage, "[" + name + "] no subcommand" + hint(name));
}

int guarded_run(int argc, const char* const* argv) {
  try {
    return run_program(argc, argv);
  } catch (...) {
    return fail(kFailed, failure_line(std::current_exception(), "circuit"));
  }
}

}  // namespace
}  // namespace circuit::cli

int main(int argc, char** argv) {
  // Writing past a limit on file sizes is then an error that is told like a full disk.
  std::signal(SIGXFSZ, SIG_IGN);
  const int code = circuit::cli::guarded_run(argc, argv);
#ifdef NDEBUG
  // All files are closed and the output is flushed; the destructors of LibTorch and of what it
  // loads only give memory back, and take 0.07 s. Debug builds run them, so that leaks show.
  std::quick_exit(code);
#else
  return code;
#endif
}
