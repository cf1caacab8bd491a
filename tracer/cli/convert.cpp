#include <memory>
#include <stdexcept>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "tracer/cli/byte_size.h"
#include "tracer/cli/command.h"
#include "tracer/cli/engine_library.h"
#include "tracer/cli/json_line.h"
#include "tracer/cli/progress_line.h"
#include "tracer/cli/report_table.h"
#include "tracer/cli/standard_output.h"

namespace circuit::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  circuit convert gemma-scope-2b-pt-transcoders --out gemma-native --dtype bf16
  circuit convert layer_12/width_16k/average_l0_71 --hook resid_post.12 --out sae-12

Reads the formats of Gemma Scope, Gemma Scope 2, sparsify, SAELens, Llamascopium and
dictionary_learning, and the native one; nothing is downloaded.)";

struct ConvertCommand {
  Conversion conversion;
  bool json = false;
  bool quiet = false;
};

void add_options(CLI::App& command, ConvertCommand& convert) {
  Conversion& conversion = convert.conversion;
  command.add_option("IN", conversion.from, "Directory of transcoders or of an SAE")->type_name("");
  command
      .add_option("--out", conversion.to, "Directory to make; it appears complete or not at all")
      ->type_name("DIR")
      ->group("Output");
  command
      .add_option("--dtype", conversion.dtype,
                  "Type of the weights: f64, f32, f16 or bf16; default: as they are stored")
      ->type_name("TYPE")
      ->group("Output");
  command
      .add_option("--hook", conversion.hook,
                  "Where an SAE reads, when its files do not say it: resid_pre.L, resid_post.L, "
                  "mlp_out.L or attn_out.L")
      ->type_name("HOOK")
      ->group("Input");
  command.add_flag("--json", convert.json, "Print the report as one JSON object")->group("Output");
  command.add_flag("--quiet", convert.quiet, "No progress line")->group("Output");
}

void check(const ConvertCommand& convert) {
  if (convert.conversion.from.empty()) {
    throw std::invalid_argument("no IN, expected a directory of transcoders or of an SAE");
  }
  if (convert.conversion.to.empty()) throw std::invalid_argument("no --out, expected a directory");
}

std::string report_text(const ConversionReport& report, const std::filesystem::path& to) {
  const auto counted = [](std::int64_t n) { return count_text(static_cast<std::size_t>(n)); };
  ReportTable table;
  table.add("read", report.kind + " in the format " + report.format);
  table.add("sizes", counted(report.n_layers) + (report.n_layers == 1 ? " layer" : " layers") +
                         ", d_model " + counted(report.d_model) + ", " +
                         counted(report.n_features) + " features" +
                         (report.n_layers == 1 ? "" : " a layer"));
  if (!report.folded.empty()) table.add("folded", report.folded + " into the weights");
  table.add("written",
            to.string() + " (" + report.dtype + ", " + byte_size_text(report.bytes) + ")");
  return table.text();
}

std::string report_json(const ConversionReport& report, const std::filesystem::path& to) {
  const nlohmann::ordered_json object = {{"kind", report.kind},
                                         {"format", report.format},
                                         {"directory", to.string()},
                                         {"dtype", report.dtype},
                                         {"n_layers", report.n_layers},
                                         {"d_model", report.d_model},
                                         {"n_features", report.n_features},
                                         {"folded", report.folded},
                                         {"bytes", report.bytes}};
  return json_line(object);
}

void run(const ConvertCommand& convert) {
  Conversion conversion = convert.conversion;
  ProgressLine line(convert.quiet || convert.json);
  conversion.progress = [&line](std::int64_t done, std::int64_t total) {
    line.update("convert layers", done, total);
  };
  const ConversionReport report = run_convert(conversion);
  line.clear();
  print(convert.json ? report_json(report, conversion.to) : report_text(report, conversion.to));
}

}  // namespace

Command add_convert(CLI::App& program) {
  CLI::App* const command = program.add_subcommand(
      "convert", "Write transcoders or an SAE of another library in the native format");
  const auto convert = std::make_shared<ConvertCommand>();
  add_options(*command, *convert);
  command->footer(kExamples);
  return {.name = "convert",
          .check = [convert] { check(*convert); },
          .run = [convert] { run(*convert); }};
}

}  // namespace circuit::cli
