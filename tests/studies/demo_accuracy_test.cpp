// The table of examples/demo/README.md is what the model does today.
#include "tests/studies/demo_accuracy.h"

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"
#include "tracer/machine/threads.h"

namespace circuit::studies {
namespace {

TEST(DemoAccuracy, IsWhatTheReadmeSays) {
  const ThreadScope threads(2);
  const std::filesystem::path demo = CIRCUIT_DEMO_DIR;
  const std::string table = demo_accuracy_table(demo);
  EXPECT_NE(circuit::testing::read_text(demo / "README.md").find(table), std::string::npos)
      << "expected in README.md:\n"
      << table;
}

}  // namespace
}  // namespace circuit::studies
