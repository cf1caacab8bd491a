#include "tracer/attention/side_push.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "tests/tracer/attention/traced_setup.h"
#include "tracer/attribution/rows.h"
#include "tracer/machine/threads.h"

namespace circuit::testing {
namespace {

TEST(SidePush, GivesTheRowsOfTheBackward) {
  const ThreadScope threads(2);
  const c10::InferenceMode inference;
  for (const TinyCase& tiny : all_tiny_cases()) {
    SCOPED_TRACE(tiny.name);
    const TracedSetup traced(tiny, at::kDouble);
    const ReplacementRun& run = traced.run;
    Sources sources(run);
    RowComputer backward(run, sources, at::kDouble);
    std::vector<StreamReader> readers;
    for (std::int64_t layer = 0; layer < run.n_layers(); ++layer) {
      for (const std::int64_t position : {1, 4, 6}) {
        readers.push_back({.read = {layer, position},
                           .covectors = at::randn({3, run.model->config.d_model}, at::kDouble)});
      }
    }
    const std::vector<at::Tensor> pushed = push_to(run, sources.columns(), readers);
    for (std::size_t i = 0; i < readers.size(); ++i) {
      const std::int64_t width = sources.columns().width(readers[i].read);
      const at::Tensor rows = at::zeros({3, width}, at::kDouble);
      std::vector<double*> memory;
      RowTargets targets{.kind = ReadKind::kResidual};
      for (std::int64_t row = 0; row < 3; ++row) {
        targets.reads.push_back(readers[i].read);
        memory.push_back(rows.data_ptr<double>() + row * width);
      }
      targets.covectors = readers[i].covectors;
      backward.sweep<double>(targets, memory);
      ASSERT_EQ(pushed[i].sizes(), rows.t().sizes());
      EXPECT_LT((pushed[i] - rows.t()).abs().max().item<double>(),
                1e-11 * rows.abs().sum().item<double>())
          << "layer " << readers[i].read.layer << ", position " << readers[i].read.position;
    }
  }
}

}  // namespace
}  // namespace circuit::testing
