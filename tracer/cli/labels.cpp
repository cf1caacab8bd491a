#include <memory>
#include <stdexcept>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "export/names/feature_labels.h"
#include "export/names/label_import.h"
#include "tracer/cli/command.h"
#include "tracer/cli/graph_input.h"
#include "tracer/cli/json_line.h"
#include "tracer/cli/output_files.h"
#include "tracer/cli/report_table.h"
#include "tracer/cli/standard_output.h"
#include "transcoders/weights/atomic_file.h"

namespace circuit::cli {
namespace {

constexpr const char* kImportExamples = R"(Examples:
  circuit labels import explanations/batch-*.jsonl.gz --out labels.jsonl
  circuit labels import export.json --source-set gemmascope-transcoder-16k --out labels.jsonl)";
constexpr const char* kExportExamples = R"(Examples:
  circuit labels export small.graph.safetensors --out labels.jsonl)";

struct LabelFile {
  std::filesystem::path path;
  bool json = false;
};

void add_file_options(CLI::App& command, LabelFile& file) {
  command.add_option("--out", file.path, "File to write")->type_name("FILE")->group("Output");
  command.add_flag("--json", file.json, "Print the report as one JSON object")->group("Output");
}

void check_file(const LabelFile& file) {
  if (file.path.empty()) throw std::invalid_argument("no --out, expected a file to write");
  const auto folder = file.path.parent_path();
  require_writable(folder.empty() ? "." : folder);
}

void write(const LabelFile& file, const FeatureLabels& labels) {
  if (file.path.has_parent_path()) std::filesystem::create_directories(file.path.parent_path());
  write_file_atomically(file.path, labels_jsonl(labels));
}

struct ImportCommand {
  std::vector<std::filesystem::path> files;
  LabelImportOptions options;
  LabelFile out;
};

std::string import_report(const ImportCommand& request, const ImportedLabels& imported) {
  if (request.out.json) {
    nlohmann::ordered_json object;
    object["model"] = imported.model;
    object["source_set"] = imported.source_set;
    object["explanations"] = imported.explanations;
    object["labels"] = imported.labels.size();
    object["duplicates"] = imported.duplicates;
    object["empty"] = imported.empty;
    object["of_others"] = imported.of_others;
    object["files"] = {request.out.path.string()};
    return json_line(object);
  }
  ReportTable table;
  table.add("of", imported.model + "/" + imported.source_set);
  table.add("labels", count_text(imported.labels.size()) + " features, of " +
                          count_text(imported.explanations) + " explanations");
  table.add("left out", count_text(imported.duplicates) + " of features that had one already, " +
                            count_text(imported.empty) + " empty, " +
                            count_text(imported.of_others) + " of another source set or explainer");
  table.add("file", request.out.path.string());
  return table.text();
}

void run_import(const ImportCommand& request) {
  const ImportedLabels imported = import_labels(request.files, request.options);
  if (imported.labels.empty() && imported.of_others > 0) {
    throw std::runtime_error("[labels import] all " + count_text(imported.of_others) +
                             " explanations are of another source set or explainer, expected some "
                             "of those asked for");
  }
  write(request.out, imported.labels);
  print(import_report(request, imported));
}

struct ExportLabelsCommand {
  std::filesystem::path graph;
  LabelFile out;
};

void run_export(const ExportLabelsCommand& request) {
  const GraphInput input = read_graph(request.graph);
  const FeatureLabels& labels = input.file.graph.provenance().feature_labels;
  write(request.out, labels);
  if (request.out.json) {
    nlohmann::ordered_json object;
    object["labels"] = labels.size();
    object["files"] = {request.out.path.string()};
    print(json_line(object));
  } else {
    ReportTable table;
    table.add("labels", count_text(labels.size()) + " features");
    table.add("file", request.out.path.string());
    print(table.text());
  }
}

}  // namespace

Command add_labels_import(CLI::App& labels) {
  CLI::App* const command =
      labels.add_subcommand("import", "Read Neuronpedia's explanation exports as labels");
  const auto request = std::make_shared<ImportCommand>();
  command
      ->add_option(
          "FILE", request->files,
          "Explanations, JSON Lines or a JSON list, packed with gzip or not; of several of "
          "a feature the first counts")
      ->type_name("");
  command
      ->add_option("--source-set", request->options.source_set,
                   "Only of this source set; needed when there are several")
      ->type_name("NAME");
  command
      ->add_option("--explainer", request->options.explainer,
                   "Only by this model, such as gpt-4o-mini")
      ->type_name("NAME");
  add_file_options(*command, request->out);
  command->footer(kImportExamples);
  return {.name = "labels import",
          .check =
              [request] {
                if (request->files.empty()) {
                  throw std::invalid_argument("no FILE, expected explanations");
                }
                check_file(request->out);
              },
          .run = [request] { run_import(*request); }};
}

Command add_labels_export(CLI::App& labels) {
  CLI::App* const command =
      labels.add_subcommand("export", "Write the labels of a saved graph as a labels file");
  const auto request = std::make_shared<ExportLabelsCommand>();
  add_graph_argument(*command, request->graph);
  add_file_options(*command, request->out);
  command->footer(kExportExamples);
  return {.name = "labels export",
          .check =
              [request] {
                require_graph(request->graph);
                check_file(request->out);
              },
          .run = [request] { run_export(*request); }};
}

}  // namespace circuit::cli
