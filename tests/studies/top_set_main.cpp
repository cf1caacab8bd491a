// circuit_top_set_study: prints what docs/studies.md reports of indirect features.
#include <cstdio>

#include "tests/studies/top_set.h"

namespace {

using circuit::studies::MatchedSets;

template <typename Interval>
void print(const char* what, const Interval& value) {
  std::printf("%-58s %7.3f [%7.3f, %7.3f]\n", what, value.value, value.low, value.high);
}

void print_matched(const char* what, const MatchedSets& sets) {
  std::printf("\n%s: %zu prompts\n", what, sets.prompts);
  print("  their drop", sets.drop);
  std::printf("%-58s %7.1f\n", "  median rank of the set's drop among 51", sets.median_rank);
  print("  ranked first", sets.ranked_first);
}

}  // namespace

int main() {
  const auto study = circuit::studies::study_top_sets(
      CIRCUIT_DEMO_DIR "/model", CIRCUIT_DEMO_DIR "/clt", CIRCUIT_DEMO_DIR "/prompts.jsonl", 15);
  std::printf("%zu prompts of %zu clusters; left out: %zu without such features\n\n", study.prompts,
              study.clusters, study.without_set);
  print("features of a set", study.size);
  print("drop of the answer's log-probability", study.drop);
  print("  of equally many by activation x decoder norm", study.activation_drop);
  print("  of those without a direct edge", study.activation_indirect_drop);
  print("  of equally many by |direct edge|", study.direct_drop);
  print("drop less that by activation x decoder norm", study.over_activation);
  print("  less that of those without a direct edge", study.over_activation_indirect);
  print("  less that by |direct edge|", study.over_direct);
  print_matched("beside 50 sets of any features, as much written", study.matched);
  return 0;
}
