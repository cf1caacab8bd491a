// circuit_top_set_study: prints what docs/studies.md reports of indirect features.
#include <cstdio>

#include "tests/studies/top_set.h"

namespace {

void print(const char* what, const circuit::studies::Mean& mean) {
  std::printf("%-58s %7.3f [%7.3f, %7.3f]\n", what, mean.value, mean.low, mean.high);
}

}  // namespace

int main() {
  const auto study = circuit::studies::study_top_sets(
      CIRCUIT_DEMO_DIR "/model", CIRCUIT_DEMO_DIR "/clt", CIRCUIT_DEMO_DIR "/prompts.jsonl", 15);
  std::printf(
      "%zu prompts of %zu clusters; left out: %zu without such a set, %zu without a match\n\n",
      study.prompts, study.clusters, study.without_set, study.few_to_match);
  print("features of a set", study.size);
  std::printf("%-58s %7.1f\n", "median rank of its drop among 51", study.median_rank);
  std::printf("%-58s %7.3f [%7.3f, %7.3f]\n", "ranked first", study.ranked_first.value,
              study.ranked_first.low, study.ranked_first.high);
  print("drop of the answer's log-probability", study.drop);
  print("  of 50 matched sets", study.matched_drop);
  print("  of equally many by activation x decoder norm", study.activation_drop);
  print("  of those without a direct edge", study.activation_indirect_drop);
  print("  of equally many by |direct edge|", study.direct_drop);
  print("drop less that by activation x decoder norm", study.over_activation);
  print("  less that of those without a direct edge", study.over_activation_indirect);
  print("  less that by |direct edge|", study.over_direct);
  return 0;
}
