#include "tests/tracer/cli/demo_graph.h"

#include "tests/tracer/cli/program.h"

namespace circuit::cli::testing {

using circuit::testing::TempDir;

std::unique_ptr<TempDir> DemoGraph::traced_;

void DemoGraph::SetUpTestSuite() {
  traced_ = std::make_unique<TempDir>();
  const ChildResult result =
      run_circuit({"trace", "--prompt", "le contraire de petit est", "--name", "petit", "--out",
                   traced_->path(), "--format", "json", "--save-graph", "--similarity"});
  ASSERT_EQ(result.exit_code, 0) << result.errors;
}

void DemoGraph::TearDownTestSuite() { traced_.reset(); }

std::string DemoGraph::graph() { return *traced_ / "petit.graph.safetensors"; }

nlohmann::json DemoGraph::viewer_json() {
  return nlohmann::json::parse(circuit::testing::read_text(*traced_ / "petit.json"));
}

nlohmann::json DemoGraph::run(const std::string& command,
                              std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(), {command, graph(), "--json"});
  const ChildResult result = run_circuit(arguments, {.directory = out_.path()});
  EXPECT_EQ(result.exit_code, 0) << result.errors;
  return result.exit_code == 0 ? nlohmann::json::parse(result.output) : nlohmann::json();
}

void DemoGraph::fail(int exit_code, const std::string& command, std::vector<std::string> arguments,
                     const std::vector<std::string>& texts) const {
  arguments.insert(arguments.begin(), {command, graph()});
  expect_failure(run_circuit(arguments, {.directory = out_.path()}), exit_code, texts);
}

}  // namespace circuit::cli::testing
