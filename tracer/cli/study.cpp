#include <iostream>
#include <memory>
#include <stdexcept>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "tracer/cli/byte_size.h"
#include "tracer/cli/command.h"
#include "tracer/cli/json_line.h"
#include "tracer/cli/machine_options.h"
#include "tracer/cli/model_folders.h"
#include "tracer/cli/progress_line.h"
#include "tracer/cli/report_table.h"
#include "tracer/cli/standard_output.h"
#include "tracer/cli/study_call.h"
#include "tracer/version.h"

namespace circuit::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  circuit study examples/studies/antonyms.yaml --out antonyms
  circuit study STUDY.yaml --model MODEL --transcoders TRANSCODERS --limit 5 --json

Killed or stopped, the same command goes on where it was. docs/studies.md says what a file may hold
and what is written. A study that does not reach what it claims has not failed: exit 0.)";

struct StudyCommand {
  StudyRequest request;
  ModelFolders folders;
  MachineOptions machine;
  std::string memory = byte_size_option(request.memory_bytes);
  std::filesystem::path file, out = ".";
  std::uint64_t seed = 0;
  std::int64_t limit = 0;
  bool json = false;
  const CLI::App* parsed = nullptr;
};

void add_options(CLI::App& command, StudyCommand& study) {
  command.add_option("FILE", study.file, "What to do, YAML")->type_name("FILE")->required();
  add_model_options(command, study.folders);
  command.add_option("--seed", study.seed, "In place of the file's")
      ->type_name("N")
      ->group("Study");
  command
      .add_option("--limit", study.limit,
                  "Test at most so many prompts or pairs of each split and group")
      ->type_name("N")
      ->group("Study");
  command
      .add_flag("--force", study.request.options.force,
                "Take supernode files that were made for other transcoders")
      ->group("Study");
  command
      .add_option("--memory", study.memory,
                  "Memory of the whole process at most: 1.5GiB, 800MB; less is slower")
      ->type_name("SIZE")
      ->capture_default_str()
      ->group("Machine");
  command.add_option("--out", study.out, "Folder of all that is written, made if needed")
      ->type_name("DIR")
      ->capture_default_str()
      ->group("Output");
  command.add_flag("--json", study.json, "Print the report as one JSON object")->group("Output");
  add_machine_options(command, study.machine);
}

void check(StudyCommand& study) {
  StudyRequest& request = study.request;
  require_both_or_none(study.folders);
  if (study.parsed->count("--limit") > 0 && study.limit < 1) {
    throw std::invalid_argument("--limit is " + std::to_string(study.limit) +
                                ", expected 1 or more");
  }
  request.memory_bytes = parse_byte_size(study.memory);
  apply_machine_options(study.machine, request.load);
  request.study = read_study_file(study.file);
  if (study.parsed->count("--seed") > 0) request.study.seed = study.seed;
  if (study.limit > 0) request.study.prompts.limit = study.limit;
  if (!study.folders.none_given()) {
    request.study.model = study.folders.model;
    request.study.transcoders = study.folders.transcoders;
  }
  check_study(request.study);
  request.options.folder = study.out;
  request.options.version = kVersion;
}

std::string group_text(const std::vector<std::string>& group) {
  std::string text;
  for (const std::string& value : group) text += (text.empty() ? "" : ", ") + value;
  return text.empty() ? "all" : text;
}

std::string report_text(const StudyRunReport& report) {
  ReportTable table;
  table.add("tested", count_text(report.units));
  table.add("cells", count_text(report.cells) + " finished, " + count_text(report.already) +
                         " of them before");
  if (report.traced > 0) table.add("graphs", count_text(report.traced) + " traced");
  if (report.left_out > 0) table.add("left out", count_text(report.left_out));
  for (const StudyVerdict& verdict : report.verdicts) {
    table.add(group_text(verdict.group), verdict.intervention + ": " + verdict.text);
  }
  for (const auto& file : report.files) table.add("", file.string());
  return table.text();
}

std::string report_json(const StudyRunReport& report) {
  using Json = nlohmann::ordered_json;
  Json verdicts = Json::array();
  for (const StudyVerdict& verdict : report.verdicts) {
    verdicts.push_back({{"group", verdict.group},
                        {"intervention", verdict.intervention},
                        {"strength", verdict.strength},
                        {"holds", verdict.holds},
                        {"verdict", verdict.text}});
  }
  Json files = Json::array();
  for (const auto& file : report.files) files.push_back(file.string());
  return json_line(Json({{"tested", report.units},
                         {"cells", report.cells},
                         {"already", report.already},
                         {"left_out", report.left_out},
                         {"failed", report.failed},
                         {"traced", report.traced},
                         {"verdicts", verdicts},
                         {"files", files}}));
}

void run(StudyCommand& study) {
  StudyRequest& request = study.request;
  const ModelFolders folders =
      or_demo({.model = request.study.model, .transcoders = request.study.transcoders});
  request.load.model = folders.model;
  request.load.transcoders = folders.transcoders;
  ProgressLine line(study.machine.quiet);
  request.options.progress = [&line](const std::string& stage, std::int64_t done,
                                     std::int64_t total) { line.update(stage, done, total); };
  request.options.warn = [&line](const std::string& warning) {
    line.clear();
    std::cerr << "circuit: warning: " << warning << std::endl;
  };
  const StudyRunReport report = run_study_file(request);
  line.clear();
  print(study.json ? report_json(report) : report_text(report));
  if (report.failed == 0) return;
  throw std::runtime_error("[study] " + count_text(report.failed) + " cells failed, " +
                           (request.options.folder / "errors.jsonl").string() + " says why");
}

}  // namespace

Command add_study(CLI::App& program) {
  CLI::App* const command = program.add_subcommand(
      "study", "Run an experiment that a file describes: interventions, controls, tables");
  const auto study = std::make_shared<StudyCommand>();
  study->parsed = command;
  add_options(*command, *study);
  command->footer(kExamples);
  return {.name = "study", .check = [study] { check(*study); }, .run = [study] { run(*study); }};
}

}  // namespace circuit::cli
