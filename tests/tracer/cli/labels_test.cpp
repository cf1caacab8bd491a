#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/temp_dir.h"
#include "tests/tracer/cli/program.h"

namespace circuit::cli::testing {
namespace {

using circuit::testing::read_text;
using circuit::testing::TempDir;
using circuit::testing::write_text;
using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::json;

constexpr const char* kPrompt = "le contraire de petit est";
constexpr const char* kLabel = "My <b>label</b>";

void succeed(const std::vector<std::string>& arguments) {
  const ChildResult result = run_circuit(arguments);
  EXPECT_EQ(result.exit_code, 0) << result.errors;
}

/// The first line of a labels file, with another text.
std::string changed_first(const std::filesystem::path& labels) {
  const std::string text = read_text(labels);
  Json line = Json::parse(text.substr(0, text.find('\n')));
  line["text"] = kLabel;
  line["source"] = "a test";
  return line.dump() + "\n";
}

/// A trace of the demo, its labels, and one of them changed.
class LabelsTest : public ::testing::Test {
 protected:
  LabelsTest() {
    succeed({"trace", "--prompt", kPrompt, "--name", "a", "--format", "json", "--save-graph",
             "--out", folder_.path().string()});
    succeed({"labels", "export", graph(), "--out", (folder_ / "all.jsonl").string()});
    write_text(folder_ / "mine.jsonl", changed_first(folder_ / "all.jsonl"));
  }

  std::string graph() const { return (folder_ / "a.graph.safetensors").string(); }
  std::string mine() const { return (folder_ / "mine.jsonl").string(); }

  TempDir folder_;
};

TEST_F(LabelsTest, OfAFileAreInEveryFormatThatIsExported) {
  succeed({"export", graph(), "--labels", mine(), "--all", "--format", "json,dot,svg,graphml,html",
           "--name", "b", "--out", folder_.path().string()});
  EXPECT_THAT(read_text(folder_ / "b.json"), HasSubstr(kLabel));
  EXPECT_THAT(read_text(folder_ / "b.dot"), HasSubstr("My "));
  for (const char* const name : {"b.svg", "b.graphml"}) {
    EXPECT_THAT(read_text(folder_ / name), HasSubstr("My &lt;b&gt;label")) << name;
  }
  EXPECT_THAT(read_text(folder_ / "b.html"), Not(HasSubstr("<b>label")));
}

TEST_F(LabelsTest, OfAFileAreKeptInAPrunedGraphAndComeBack) {
  succeed({"prune", graph(), "--labels", mine(), "--name", "c", "--out", folder_.path().string()});
  succeed({"labels", "export", (folder_ / "c.graph.safetensors").string(), "--out",
           (folder_ / "c.jsonl").string()});
  const std::string before = read_text(folder_ / "all.jsonl");
  const std::string after = read_text(folder_ / "c.jsonl");
  EXPECT_THAT(after, HasSubstr("\"text\":\"My <b>label</b>\",\"source\":\"a test\""));
  EXPECT_EQ(after.substr(after.find('\n')), before.substr(before.find('\n')));
}

TEST_F(LabelsTest, OfAFileCountInATrace) {
  succeed({"trace", "--prompt", kPrompt, "--labels", mine(), "--name", "d", "--format", "json",
           "--save-graph", "--out", folder_.path().string()});
  succeed({"labels", "export", (folder_ / "d.graph.safetensors").string(), "--out",
           (folder_ / "d.jsonl").string()});
  EXPECT_THAT(read_text(folder_ / "d.jsonl"), HasSubstr("\"source\":\"a test\""));
  EXPECT_THAT(read_text(folder_ / "d.jsonl"), HasSubstr("\"source\":\"output tokens\""));
}

TEST_F(LabelsTest, OfAViewersFileAreItsFeatures) {
  Json json = Json::parse(read_text(folder_ / "a.json"));
  json["qParams"]["clerps"] = Json::array({Json::array({json["nodes"][0]["node_id"], kLabel})});
  write_text(folder_ / "f.json", json.dump());
  succeed(
      {"labels", "export", (folder_ / "f.json").string(), "--out", (folder_ / "f.jsonl").string()});
  EXPECT_THAT(read_text(folder_ / "f.jsonl"),
              HasSubstr("\"text\":\"My <b>label</b>\",\"source\":\"viewer\""));
  succeed({"export", (folder_ / "f.json").string(), "--format", "json,svg,graphml", "--name", "g",
           "--out", folder_.path().string()});
  for (const char* const name : {"g.svg", "g.graphml"}) {
    EXPECT_THAT(read_text(folder_ / name), HasSubstr("My &lt;b&gt;label")) << name;
  }
  EXPECT_EQ(Json::parse(read_text(folder_ / "g.json"))["nodes"][0]["clerp"], kLabel);
}

TEST_F(LabelsTest, OfOtherFeaturesAreAWarning) {
  write_text(folder_ / "other.jsonl", R"({"layer": 99, "feature": 1, "text": "x"})");
  const ChildResult result =
      run_circuit({"export", graph(), "--labels", (folder_ / "other.jsonl").string(), "--format",
                   "json", "--name", "e", "--out", folder_.path().string()});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.errors, HasSubstr("names none of the graph's features"));
}

TEST_F(LabelsTest, OfBrokenFilesFailBeforeTheWork) {
  write_text(folder_ / "bad.jsonl", "\n{");
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"trace", "--prompt", kPrompt},
        {"export", graph()},
        {"prune", graph()},
        {"serve", folder_.path().string()}}) {
    std::vector<std::string> all = arguments;
    all.insert(all.end(), {"--labels", (folder_ / "bad.jsonl").string()});
    expect_failure(run_circuit(all), 1, {"[read_labels]", "bad.jsonl:2: is no JSON object"});
  }
}

TEST(LabelsImport, WritesALabelsFileAndCountsWhatItLeftOut) {
  const TempDir folder;
  write_text(folder / "np.jsonl",
             R"({"modelId": "m", "layer": "2-s", "index": "5", "description": "b"}
{"modelId": "m", "layer": "1-s", "index": "5", "description": "a"}
{"modelId": "m", "layer": "1-s", "index": "5", "description": "c"}
{"modelId": "m", "layer": "1-s", "index": "6", "description": ""}
)");
  const ChildResult result =
      run_circuit({"labels", "import", (folder / "np.jsonl").string(), "--out",
                   (folder / "out" / "labels.jsonl").string(), "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.errors;
  const Json report = Json::parse(result.output);
  EXPECT_EQ(report["labels"], 2);
  EXPECT_EQ(report["duplicates"], 1);
  EXPECT_EQ(report["empty"], 1);
  EXPECT_EQ(report["source_set"], "s");
  EXPECT_EQ(read_text(folder / "out" / "labels.jsonl"),
            "{\"layer\":1,\"feature\":5,\"text\":\"a\",\"source\":\"neuronpedia\"}\n"
            "{\"layer\":2,\"feature\":5,\"text\":\"b\",\"source\":\"neuronpedia\"}\n");
}

TEST(LabelsImport, RefusesWrongUsage) {
  expect_failure(run_circuit({"labels", "import", "--out", "x"}), 2, {"no FILE"});
  expect_failure(run_circuit({"labels", "import", "x"}), 2, {"no --out"});
  expect_failure(run_circuit({"labels", "export", "--out", "x"}), 2, {"no GRAPH"});
  expect_failure(run_circuit({"labels", "import", "missing.jsonl", "--out", "x"}), 1,
                 {"[import_labels] missing.jsonl: cannot be opened"});
  expect_failure(run_circuit({"labels"}), 2, {"labels"});
}

}  // namespace
}  // namespace circuit::cli::testing
