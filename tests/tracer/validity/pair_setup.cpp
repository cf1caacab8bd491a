#include "tests/tracer/validity/pair_setup.h"

#include <string>
#include <utility>

#include "tracer/attribution/attribute.h"

namespace circuit::testing {

PairSetup::PairSetup(const TinyCase& tiny)
    : setup(tiny, at::kDouble),
      prompt(run_replacement(setup.model, *setup.transcoders, kPrompt)),
      other(run_replacement(setup.model, *setup.transcoders, kOther)) {
  const TargetOptions targets = {
      .named = {"#" + std::to_string(kAnswer) + "-#" + std::to_string(kOtherAnswer)}};
  const OutputTargets outputs = choose_targets(prompt, targets, nullptr);
  Attribution result = attribute(prompt, outputs, {.max_features = 0});
  result.nodes.tokens.assign(kPrompt.size(), "t");
  graph =
      std::make_unique<AttributionGraph>(std::move(result.nodes), std::move(result.edges),
                                         std::move(result.row_dropped), std::move(result.totals));
}

}  // namespace circuit::testing
