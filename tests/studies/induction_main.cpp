// circuit_induction_study: prints what docs/attention.md reports.
#include <cstdio>

#include "tests/studies/induction.h"
#include "tracer/machine/threads.h"

int main() {
  const circuit::ThreadScope threads(0);
  const auto study =
      circuit::studies::study_induction(CIRCUIT_DEMO_DIR "/model", CIRCUIT_DEMO_DIR "/clt",
                                        CIRCUIT_DEMO_DIR "/../induction/prompts.jsonl");
  std::printf("%zu prompts to choose heads, %zu to measure, of %zu answers\n\n", study.dev_prompts,
              study.test_prompts, study.clusters);
  std::printf(
      "head   loading   score of the key over others   of that, terms of the token ahead\n");
  for (std::size_t i = 0; i < study.heads.size(); ++i) {
    const auto& one = study.heads[i];
    std::printf("%d.%d    %6.3f    %6.2f [%6.2f, %6.2f]        %6.2f [%6.2f, %6.2f]%s\n",
                one.head.layer, one.head.head, one.loading, one.advantage.value, one.advantage.low,
                one.advantage.high, one.previous.value, one.previous.low, one.previous.high,
                i < study.chosen ? "  chosen" : "");
  }
  std::printf("\ntaken out of the scores%36s answered             log-probability\n", "");
  for (const auto& one : study.outcomes) {
    std::printf("%-58s %5.3f [%5.3f, %5.3f]  %7.3f [%7.3f, %7.3f]\n", one.name.c_str(),
                one.answered.value, one.answered.low, one.answered.high, one.log_probability.value,
                one.log_probability.low, one.log_probability.high);
  }
  return 0;
}
