#include "tracer/cli/score_text.h"

#include "export/text/output_text.h"
#include "tracer/cli/report_table.h"

namespace circuit::cli {
namespace {

std::string score_text(std::optional<double> score) {
  return score ? fixed_text(*score, 4) : "none";
}

}  // namespace

std::string scores_text(const Scores& scores) {
  return "replacement " + score_text(scores.replacement) + ", completeness " +
         score_text(scores.completeness);
}

std::string closure_text(std::optional<double> closure_error) {
  if (!closure_error) return "unknown: the graph holds no row totals";
  return error_text(*closure_error) + " of a row at most";
}

}  // namespace circuit::cli
