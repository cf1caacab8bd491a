#include "tracer/cli/validity_report.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "export/text/output_text.h"
#include "tracer/cli/report_table.h"

namespace circuit::cli {
namespace {

// Layers behind the changed feature that are shown one by one; --json has all.
constexpr std::size_t kShownDepths = 8;

std::string number_or_none(std::optional<double> value) {
  return value ? fixed_text(*value, 2) : "none";
}

std::string run_name(const RunAgreement& run) {
  return std::string(run.held ? "held" : "live") + (run.doubled ? ", doubled" : ", ablated");
}

std::vector<std::string> agreement_lines(const GraphValidity& validity) {
  std::size_t depths = 0;
  for (const RunAgreement& run : validity.runs) depths = std::max(depths, run.by_depth.size());
  depths = std::min(depths, kShownDepths);
  std::vector<std::vector<std::string>> rows = {{"layers behind", ""}};
  for (std::size_t d = 1; d <= depths; ++d) {
    rows[0].push_back(padded_left(std::to_string(d), 5));
  }
  rows[0].push_back("outputs");
  const auto add = [&](const RunAgreement& run, const char* what, double DepthAgreement::*member) {
    rows.push_back({run_name(run), what});
    for (std::size_t d = 0; d < depths; ++d) {
      const bool there = d < run.by_depth.size() && run.by_depth[d].features > 0;
      rows.back().push_back(padded_left(there ? fixed_text(run.by_depth[d].*member, 2) : "", 5));
    }
    rows.back().push_back(
        padded_left(run.outputs.features > 0 ? fixed_text(run.outputs.*member, 2) : "", 5));
  };
  for (const RunAgreement& run : validity.runs) {
    add(run, "cosine", &DepthAgreement::cosine);
    add(run, "error", &DepthAgreement::error);
    add(run, "median error", &DepthAgreement::median_error);
  }
  return aligned_columns(rows);
}

}  // namespace

std::string validity_text(const GraphValidity& validity) {
  constexpr PublishedValidity kPublished;
  ReportTable table;
  table.add("validity", count_text(validity.features) + " of " +
                            count_text(validity.feature_nodes) +
                            " features ablated and doubled one by one; one prompt: no claim beyond "
                            "it, no pass mark");
  table.add_lines("changes", agreement_lines(validity));
  table.add("", "published, one layer behind: cosine about " + fixed_text(kPublished.cosine, 1) +
                    ", error about " + fixed_text(kPublished.error, 1));
  for (const EffectRanks& ranks : validity.effects) {
    const std::string mode = ranks.held ? "held" : "live";
    table.add("ranks, " + mode, "with the KL of ablation: influence " +
                                    number_or_none(ranks.influence) + ", direct edge " +
                                    number_or_none(ranks.direct_edge) + ", activation x decoder " +
                                    number_or_none(ranks.activation));
    table.add("", "influence between features with effects: " +
                      number_or_none(ranks.between_features) + " over " + count_text(ranks.pairs) +
                      " pairs (published: " + fixed_text(kPublished.between_features, 2) + ")");
  }
  return table.text();
}

}  // namespace circuit::cli
