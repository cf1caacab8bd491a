// What the program asks of libcircuit_tracer and gets back: one C function per subcommand that
// needs LibTorch. Both sides are of one build, so the structs hold C++ types; no exception, and
// nothing of LibTorch, crosses.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "export/names/feature_labels.h"
#include "export/page/feature_cards.h"
#include "graph/head.h"
#include "graph/prune.h"
#include "graph/scores.h"
#include "tracer/cli/output_files.h"
#include "tracer/convert.h"
#include "tracer/explorer.h"
#include "tracer/inspect.h"
#include "tracer/options.h"
#include "tracer/tracer.h"

namespace circuit::cli {

struct TraceRequest {
  LoadOptions load;
  PromptInput prompt;
  AttributionOptions attribution;
  PruneOptions pruning;
  DetailOptions attention;  ///< of the kept edges; its memory is that of `attribution`
  OutputFiles output;
  bool save_graph = false;         ///< also the unpruned graph file
  std::filesystem::path features;  ///< where `cards` come from; empty = none
  std::vector<FeatureCard> cards;  ///< for the page
  /// Names of features that count before those that the tracer finds; null = none.
  std::shared_ptr<const FeatureLabels> labels;
  Progress progress;
  std::function<void(const std::string&)> warn;  ///< called with one line each
};

/// What was found out about the attention behind the kept edges.
struct AttentionSummary {
  struct OfHead {
    Head head;
    std::size_t largest_of = 0;  ///< divided edges whose largest part comes by it
    double carried = 0;          ///< of all that heads take straight, by its tables
  };
  std::size_t divided_edges = 0;
  std::size_t tables = 0;
  double carried = 0;         ///< by all tables
  std::vector<OfHead> heads;  ///< those that have either, in order
};

struct TraceReport {
  std::vector<std::int32_t> ids;
  std::vector<std::string> tokens;
  std::vector<Target> targets;
  std::size_t active_features = 0;
  std::size_t selected_features = 0;
  std::size_t nodes = 0, kept_nodes = 0;
  std::size_t edges = 0, kept_edges = 0;
  Scores scores;  ///< of the unpruned graph
  std::optional<double> closure_error;
  /// "load", "forward", "attribute", "prune", "export"; "similarity" and "attention" when asked for
  std::map<std::string, double> seconds;
  std::int64_t peak_memory_bytes = 0;     ///< 0 = unknown
  std::int64_t predicted_peak_bytes = 0;  ///< what the memory plan expected at most
  std::optional<Rounding> rounding;       ///< of bf16
  std::optional<AttentionSummary> attention;
  std::int64_t predicted_device_peak_bytes = 0;  ///< 0 = rows were computed on the CPU
  std::int64_t device_peak_memory_bytes = 0;     ///< 0 = unknown
  std::vector<std::filesystem::path> files;
};

/// One line of a prompt file as it is traced.
struct ListedPrompt {
  std::size_t line = 0;  ///< of the file, counted from 1
  std::string id;
  std::string name;  ///< of its files; no two of a list have the same
  PromptInput prompt;
  std::vector<std::string> targets;  ///< as `TargetOptions::named`
};

struct TraceListRequest {
  TraceRequest common;  ///< of all prompts; its prompt, named targets and name are not used
  std::vector<ListedPrompt> prompts;
  /// This prompt (an index) is taken up now; not called for those that are done already.
  std::function<void(std::size_t)> begins;
  /// It ended. These two are called from another thread than the rest, one at a time.
  std::function<void(const ListedPrompt&, const TraceReport&)> traced;
  std::function<void(const ListedPrompt&, const std::string& error)> failed;
};

/// Numbers of prompts are those of this process, but for `failed_in_all`.
struct TraceListReport {
  std::size_t traced = 0;
  std::size_t already_there = 0;
  std::size_t failed = 0;
  std::size_t failed_in_all = 0;  ///< of the whole list, in this run or an earlier one
  std::filesystem::path errors;   ///< the file that names them
  int rank = 0, world = 1;
  double load_seconds = 0, trace_seconds = 0;  ///< the latter: from then to the last file
  std::int64_t peak_memory_bytes = 0;          ///< 0 = unknown
};

struct InspectRequest {
  std::filesystem::path model;        ///< empty = leave out
  std::filesystem::path transcoders;  ///< empty = leave out
  std::filesystem::path sae;          ///< empty = leave out
  DescribeOptions options;
};

struct InspectReport {
  std::optional<ModelDescription> model;
  std::optional<TranscodersDescription> transcoders;
  std::optional<SaeDescription> sae;
  std::string misfit;  ///< of the model and one of the others; empty = they fit
};

struct VerifyRequest {
  LoadOptions load;  ///< dtype: that of the graph
  std::filesystem::path graph;
  std::int64_t samples = 0;
  std::uint64_t seed = 0;
  std::int64_t validity_features = 0;  ///< changed one by one; 0 = exactness alone
};

struct VerifyReport {
  std::optional<double> closure_error;
  Verification predictions;
  std::optional<GraphValidity> validity;
};

struct ActiveFeaturesRequest {
  LoadOptions load;
  PromptInput prompt;
  ActiveFeaturesOptions options;
};

struct EvaluateRequest {
  LoadOptions load;
  std::vector<std::string> texts;
  QualityOptions options;
  Progress progress;
};

struct GenerateRequest {
  LoadOptions load;
  std::vector<PromptInput> prompts;
  std::int64_t samples = 1;  ///< texts of each
  GenerateOptions options;
  std::string transcoders_hash;  ///< that they must have; empty = any
  std::function<void(const std::string&)> write;  ///< given the text as it comes, if it is only one
};

struct InterveneRequest {
  LoadOptions load;
  PromptInput prompt;
  InterventionOptions options;
  std::string transcoders_hash;  ///< that they must have; empty = any
};

/// One call: `report` is what came out when the function returned 0, else `error` is the line.
template <typename Request, typename Report>
struct EngineCall {
  Request request;
  Report report;
  std::string error;
};

using TraceCall = EngineCall<TraceRequest, TraceReport>;
using TraceListCall = EngineCall<TraceListRequest, TraceListReport>;
using InspectCall = EngineCall<InspectRequest, InspectReport>;
using ConvertCall = EngineCall<Conversion, ConversionReport>;
using VerifyCall = EngineCall<VerifyRequest, VerifyReport>;
using ActiveFeaturesCall = EngineCall<ActiveFeaturesRequest, ActiveFeaturesReport>;
using EvaluateCall = EngineCall<EvaluateRequest, Quality>;
using GenerateCall = EngineCall<GenerateRequest, std::vector<GenerationReport>>;
using InterveneCall = EngineCall<InterveneRequest, InterventionReport>;

}  // namespace circuit::cli

extern "C" {
/// The version of the library; the program refuses another than its own.
const char* circuit_engine_version();
/// 0 = done, 1 = failed. Never throw.
int circuit_engine_trace(circuit::cli::TraceCall* call);
int circuit_engine_trace_list(circuit::cli::TraceListCall* call);
int circuit_engine_inspect(circuit::cli::InspectCall* call);
int circuit_engine_convert(circuit::cli::ConvertCall* call);
int circuit_engine_verify(circuit::cli::VerifyCall* call);
int circuit_engine_active_features(circuit::cli::ActiveFeaturesCall* call);
int circuit_engine_evaluate(circuit::cli::EvaluateCall* call);
int circuit_engine_generate(circuit::cli::GenerateCall* call);
int circuit_engine_intervene(circuit::cli::InterveneCall* call);
}
