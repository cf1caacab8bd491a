#include <iostream>
#include <limits>
#include <memory>
#include <stdexcept>

#include <CLI/CLI.hpp>

#include "export/outputs.h"
#include "export/page/feature_cards.h"
#include "tracer/cli/byte_size.h"
#include "tracer/cli/command.h"
#include "tracer/cli/engine_library.h"
#include "tracer/cli/label_options.h"
#include "tracer/cli/machine_options.h"
#include "tracer/cli/model_folders.h"
#include "tracer/cli/output_files.h"
#include "tracer/cli/progress_line.h"
#include "tracer/cli/prompt_arguments.h"
#include "tracer/cli/prompt_list.h"
#include "tracer/cli/prune_options.h"
#include "tracer/cli/standard_output.h"
#include "tracer/cli/target_options.h"
#include "tracer/cli/trace_list.h"
#include "tracer/cli/trace_report.h"

namespace circuit::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  circuit trace --prompt 'le contraire de petit est'
  circuit trace --prompt 'the opposite of small is' --target ' large- big' --out pictures
  circuit trace --prompt 'le contraire de petit est' --target-feature 4_436_4 --target-position 3
  circuit trace --prompt '36 + 59 =' --format json,pdf --save-graph --json
  circuit trace --model MODEL --transcoders CLT --prompt 'The capital of France is' --max-features 0
  circuit trace --model MODEL --transcoders CLT --system 'Answer in one word.' --user 'And now?'
  circuit trace --prompt 'le contraire de petit est' --per-head --qk --format html --save-graph
  circuit trace --prompts PROMPTS.jsonl --out graphs)";

struct TraceCommand {
  TraceRequest request;
  ModelFolders folders;
  MachineOptions machine;
  std::string memory = byte_size_option(request.attribution.memory_bytes);
  std::string device_memory;
  PromptArguments prompt;
  TargetArguments targets;
  PromptList list;  ///< with --prompts
  std::filesystem::path labels;
  bool json = false;
  const CLI::App* parsed = nullptr;

  bool given(const char* option) const { return parsed->count(option) > 0; }
};

void add_prompt_options(CLI::App& command, TraceCommand& trace) {
  add_prompt_arguments(command, trace.prompt, "The text to explain");
  add_prompt_list_argument(command, trace.prompt);
  command
      .add_option("--zero-positions", trace.request.attribution.zero_positions,
                  "First positions without features and errors; default: 1, or 4 for chats of "
                  "Gemma 3")
      ->type_name("N")
      ->group("Prompt");
}

void add_attribution_options(CLI::App& command, TraceCommand& trace) {
  AttributionOptions& options = trace.request.attribution;
  const std::string group = "Attribution";
  command
      .add_option("--max-features", options.max_features,
                  "Features that become nodes, the most influential ones; 0 = all")
      ->capture_default_str()
      ->group(group);
  command
      .add_option("--batch-size", options.batch_size,
                  "With --update-interval: features that are chosen before they are ranked anew")
      ->capture_default_str()
      ->group(group);
  command
      .add_option("--update-interval", options.update_interval,
                  "Features are ranked anew after this many batches")
      ->capture_default_str()
      ->group(group);
  command
      .add_flag("--similarity", options.similarity,
                "Also find features with alike decoders, for group --by similarity")
      ->group(group);
  command
      .add_option("--memory", trace.memory,
                  "Memory of the whole process at most: 1.5GiB, 800MB; less is slower")
      ->type_name("SIZE")
      ->capture_default_str()
      ->group(group);
  command
      .add_option("--device-memory", trace.device_memory,
                  "With --device cuda: of the GPU's memory; default: what is free there")
      ->type_name("SIZE")
      ->group(group);
}

void add_attention_options(CLI::App& command, DetailOptions& attention) {
  const std::string group = "Attention";
  command
      .add_flag("--per-head", attention.per_head,
                "Divide kept edges among the attention heads that they run through")
      ->group(group);
  command
      .add_flag("--qk", attention.qk,
                "Tables of why heads looked where they did, of the scores that carry kept edges")
      ->group(group);
  command
      .add_option("--qk-share", attention.qk_share,
                  "With --qk: the scores that carry this share of what heads take straight from "
                  "sources, 0 to 1")
      ->capture_default_str()
      ->group(group);
  command
      .add_option("--qk-top", attention.table.top,
                  "With --qk: terms and sources of each sign in a table, the largest")
      ->capture_default_str()
      ->group(group);
}

void add_options(CLI::App& command, TraceCommand& trace) {
  add_model_options(command, trace.folders);
  add_prompt_options(command, trace);
  add_target_options(command, trace.request.attribution.targets, trace.targets);
  add_attribution_options(command, trace);
  add_prune_options(command, trace.request.pruning, "Pruning");
  add_attention_options(command, trace.request.attention);
  add_output_options(command, trace.request.output, "made from the prompt",
                     "Formats: json (viewers), dot, svg, png, pdf, graphml, html");
  add_labels_option(command, trace.labels, "Output");
  command
      .add_option("--features", trace.request.features,
                  "Feature cards to show on the page (html), one JSON object a line")
      ->type_name("FILE")
      ->group("Output");
  command
      .add_flag("--save-graph", trace.request.save_graph,
                "Also write NAME.graph.safetensors, the whole graph before pruning")
      ->group("Output");
  command
      .add_flag("--json", trace.json,
                "Print the report as one JSON object; with --prompts one a line")
      ->group("Output");
  add_machine_options(command, trace.machine);
}

void check_at_least(const char* option, std::int64_t value, std::int64_t least) {
  // Far above any use; keeps products of two such numbers inside 64 bits.
  constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
  if (value >= least && value <= kMost) return;
  throw std::invalid_argument(std::string(option) + " is " + std::to_string(value) +
                              ", expected a whole number of at least " + std::to_string(least));
}

void check_attention(const TraceCommand& trace) {
  for (const char* const option : {"--qk-share", "--qk-top"}) {
    if (!trace.given(option) || trace.request.attention.qk) continue;
    throw std::invalid_argument(std::string(option) + " without --qk");
  }
  check_share("--qk-share", trace.request.attention.qk_share);
  if (trace.request.attention.table.top == 0) {
    throw std::invalid_argument("--qk-top is 0, expected 1 or more");
  }
}

void check(TraceCommand& trace) {
  AttributionOptions& options = trace.request.attribution;
  require_both_or_none(trace.folders);
  check_prompt_arguments(*trace.parsed, trace.prompt);
  if (has_prompt_list(*trace.parsed) && trace.given("--name")) {
    throw std::invalid_argument("--name with --prompts, whose lines have names of their own");
  }
  if (options.zero_positions) check_at_least("--zero-positions", *options.zero_positions, 1);
  check_at_least("--max-logits", options.targets.max_logits, 1);
  take_target_arguments(*trace.parsed, trace.targets, options.targets);
  check_at_least("--max-features", options.max_features, 0);
  check_at_least("--batch-size", options.batch_size, 1);
  check_at_least("--update-interval", options.update_interval, 1);
  options.memory_bytes = parse_byte_size(trace.memory);
  check_prune_options(trace.request.pruning);
  check_attention(trace);
  check_output_files(trace.request.output);
  if (trace.given("--features") && !has_format(trace.request.output.formats, OutputFormat::kHtml)) {
    throw std::invalid_argument("--features without --format html, which alone shows them");
  }
  apply_machine_options(trace.machine, trace.request.load);
  if (trace.given("--device-memory")) {
    if (trace.machine.device == "cpu") {
      throw std::invalid_argument("--device-memory with --device cpu, expected --device cuda");
    }
    options.device_memory_bytes = parse_byte_size(trace.device_memory);
  }
  trace.request.prompt = read_prompt_arguments(*trace.parsed, trace.prompt);
  if (has_prompt_list(*trace.parsed)) {
    trace.list = read_prompt_list(trace.prompt.list, trace.request);
  }
  if (!trace.labels.empty()) {
    trace.request.labels = std::make_shared<const FeatureLabels>(read_labels(trace.labels));
  }
  require_writable(trace.request.output.folder);
  if (trace.given("--features")) trace.request.cards = read_feature_cards(trace.request.features);
}

void run_list(TraceCommand& trace) {
  for (const std::string& warning : trace.list.warnings) {
    std::cerr << "circuit: warning: " << warning << std::endl;
  }
  trace_list({.common = std::move(trace.request), .prompts = std::move(trace.list.prompts)},
             trace.machine.quiet, trace.json);
}

void run(TraceCommand& trace) {
  const ModelFolders folders = or_demo(trace.folders);
  trace.request.load.model = folders.model;
  trace.request.load.transcoders = folders.transcoders;
  if (has_prompt_list(*trace.parsed)) {
    run_list(trace);
    return;
  }
  ProgressLine line(trace.machine.quiet);
  trace.request.progress = [&line](const std::string& stage, std::int64_t done,
                                   std::int64_t total) { line.update(stage, done, total); };
  trace.request.warn = [&line](const std::string& warning) {
    line.clear();
    std::cerr << "circuit: warning: " << warning << std::endl;
  };
  const TraceReport report = run_trace(trace.request);
  line.clear();
  print(trace.json ? trace_report_json(report) : trace_report_text(report));
}

}  // namespace

Command add_trace(CLI::App& program) {
  CLI::App* const command =
      program.add_subcommand("trace", "Trace a prompt: the circuit behind the model's next token");
  const auto trace = std::make_shared<TraceCommand>();
  trace->parsed = command;
  add_options(*command, *trace);
  command->footer(kExamples);
  return {.name = "trace", .check = [trace] { check(*trace); }, .run = [trace] { run(*trace); }};
}

}  // namespace circuit::cli
