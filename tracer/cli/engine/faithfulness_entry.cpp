#include <utility>

#include "tracer/cli/engine/run_guarded.h"
#include "tracer/cli/faithfulness_call.h"

namespace circuit::cli {
namespace {

void report_progress(const FaithfulnessRequest& request, const char* stage, std::size_t done,
                     std::size_t total) {
  if (!request.progress) return;
  request.progress(stage, static_cast<std::int64_t>(done), static_cast<std::int64_t>(total));
}

FaithfulnessReport measure_pairs(const FaithfulnessRequest& request) {
  FaithfulnessTester tester(request.load);
  for (std::size_t i = 0; i < request.means.size(); ++i) {
    tester.add_to_means(request.means[i]);
    report_progress(request, "means", i + 1, request.means.size());
  }
  FaithfulnessReport report;
  for (std::size_t i = 0; i < request.pairs.size(); ++i) {
    const CounterfactualPair& pair = request.pairs[i];
    const std::string obstacle = request.leave_out ? tester.find_obstacle(pair) : "";
    if (obstacle.empty()) {
      report.pairs.push_back(tester.measure(pair, request.options));
      report.measured.push_back(i);
    } else {
      ++report.left_out[obstacle];
    }
    report_progress(request, "measure", i + 1, request.pairs.size());
  }
  return report;
}

}  // namespace
}  // namespace circuit::cli

int circuit_engine_faithfulness(circuit::cli::FaithfulnessCall* call) {
  return circuit::cli::run_guarded(*call, "faithfulness", circuit::cli::measure_pairs);
}
