#include "tracer/study/run_study.h"

#include <algorithm>
#include <random>
#include <set>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"
#include "tests/support/throws.h"
#include "tests/tracer/study/fake_model.h"

namespace circuit {
namespace {

using ::circuit::testing::FakeModel;
using ::circuit::testing::Killed;
using ::circuit::testing::message_of;
using ::circuit::testing::read_text;
using ::circuit::testing::TempDir;
using ::circuit::testing::write_text;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::size_t kStates = 9;

std::string state(std::size_t i) { return "state" + std::to_string(i); }
std::string city(std::size_t i) { return "city" + std::to_string(i); }

constexpr const char* kSwap = R"(version: 1
name: capitals
prompts: {file: prompts.jsonl}
pairs: {file: pairs.jsonl, split: [dev, test]}
supernodes:
  - {name: A, select: {field: state, value: "{from.state}", exclude_same: relation, max: 3}}
  - {name: B, select: {field: state, value: "{to.state}", exclude_same: relation, max: 3}}
interventions:
  - {name: swap, set: ["@A=x0", "@B=meanx{strength}"], strengths: [0, 2]}
controls: [random_matched, wrong_concept, activation, embedding, whole_position]
metrics: [top1, logprob]
report:
  group_by: family
  cluster: state
  choose: {on: dev, report: test, by: top1}
  threshold: {metric: top1, above: 0.7}
  plots: [{kind: bar, x: control, y: top1}, {kind: heat, x: from.state, y: to.state, series: top1, where: {intervention: swap}}]
)";

// States in two relations, of which the model answers capitals: supernodes of one are chosen from
// prompts of the other.
class RunStudyTest : public ::testing::Test {
 protected:
  RunStudyTest() {
    std::string prompts, pairs;
    for (std::size_t i = 0; i < kStates; ++i) {
      prompts += "{\"id\":\"c" + std::to_string(i) + "\",\"prompt\":\"capital of " + state(i) +
                 " is\",\"answer\":\"" + city(i) +
                 "\",\"family\":\"capital\",\"fields\":{\"relation\":\"capital\",\"state\":\"" +
                 state(i) + "\"}}\n";
      prompts += "{\"id\":\"r" + std::to_string(i) + "\",\"prompt\":\"region that holds " +
                 state(i) + " is\",\"answer\":\"x\",\"family\":\"region\",\"fields\":" +
                 "{\"relation\":\"region\",\"state\":\"" + state(i) + "\"}}\n";
      pairs += "{\"id\":\"p" + std::to_string(i) + "\",\"from\":\"c" + std::to_string(i) +
               "\",\"to\":\"c" + std::to_string((i + 1) % kStates) + "\",\"split\":\"" +
               (i < 3 ? "dev" : "test") + "\"}\n";
    }
    write_text(folder_ / "prompts.jsonl", prompts);
    write_text(folder_ / "pairs.jsonl", pairs);
  }

  static FakeModel model() {
    std::vector<std::pair<std::string, std::string>> answers;
    for (std::size_t i = 0; i < kStates; ++i) answers.emplace_back(state(i), city(i));
    return FakeModel(answers);
  }

  StudyRunReport run(const std::string& text, FakeModel& model, const std::string& out = "out") {
    write_text(folder_ / "s.yaml", text);
    return run_study(read_study_file(folder_ / "s.yaml"), model, options(out));
  }

  StudyRunOptions options(const std::string& out) {
    return {.folder = folder_ / out,
            .version = "1",
            .force = false,
            .progress = {},
            .warn = [this](const std::string& line) { warnings_ += line + "\n"; }};
  }

  std::string file(const std::string& name) { return read_text(folder_ / name); }

  // Lines of the summary that begin so, without that beginning.
  std::string row(const std::string& start, const std::string& out = "out") {
    std::istringstream lines(file(out + "/summary.csv"));
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with(start)) return line.substr(start.size());
    }
    return "no such row";
  }

  TempDir folder_;
  std::string warnings_;
};

TEST_F(RunStudyTest, SwapsSupernodesThatOtherPromptsChose) {
  FakeModel fake = model();
  const StudyRunReport report = run(kSwap, fake);
  EXPECT_EQ(report.units, kStates);
  EXPECT_EQ(report.failed, 0u);
  // 3 of dev: as it is (two), two strengths; 6 of test: as it is, the chosen one, 24 of controls.
  EXPECT_EQ(report.cells, 3u * 4 + 6u * (2 + 1 + 24));
  EXPECT_THAT(row("test,capital,swap,,2,top1,"), HasSubstr("6,6,1,"));
  EXPECT_THAT(row("dev,capital,swap,,0,top1,"), HasSubstr("3,3,0,"));
  EXPECT_EQ(row("test,capital,swap,,0,top1,"), "no such row");
  EXPECT_THAT(row("test,capital,none,from_answer,0,top1,"), HasSubstr("6,6,1,"));
  EXPECT_THAT(row("test,capital,none,to_answer,0,top1,"), HasSubstr("6,6,1,"));
  EXPECT_THAT(row("test,capital,none,,0,top1,"), HasSubstr("6,6,0,"));
}

TEST_F(RunStudyTest, ControlsDoWhatTheySay) {
  FakeModel fake = model();
  run(kSwap, fake);
  EXPECT_THAT(row("test,capital,swap,random_matched,2,top1,"), HasSubstr("6,6,0,"));
  EXPECT_THAT(row("test,capital,swap,wrong_concept,2,top1,"), HasSubstr("6,6,0,"));
  EXPECT_THAT(row("test,capital,swap,wrong_concept_answer,2,top1,"), HasSubstr("6,6,1,"));
  EXPECT_THAT(row("test,capital,swap,embedding,2,top1,"), HasSubstr("6,6,0,"));
  EXPECT_THAT(row("test,capital,swap,whole_position,2,top1,"), HasSubstr("6,6,1,"));
  EXPECT_THAT(row("test,capital,swap,activation,2,top1,"), HasSubstr("6,6,"));
}

TEST_F(RunStudyTest, ClaimsNothingOfFewClusters) {
  FakeModel fake = model();
  const StudyRunReport report = run(kSwap, fake);
  ASSERT_EQ(report.verdicts.size(), 1u);
  EXPECT_FALSE(report.verdicts[0].holds);
  EXPECT_THAT(report.verdicts[0].text,
              HasSubstr("of 6 clusters, fewer than 30: nothing is claimed"));
}

TEST_F(RunStudyTest, WritesAPageThatNeedsNothingElse) {
  FakeModel fake = model();
  run(kSwap, fake);
  const std::string page = file("out/report.html");
  for (const char* const part : {"Chosen on dev, reported on test", "<svg", "nothing is claimed",
                                 "wrong_concept_answer", "&quot;@A=x0&quot;"}) {
    EXPECT_THAT(page, HasSubstr(part));
  }
  EXPECT_THAT(page, Not(HasSubstr("<script src")));
  EXPECT_THAT(file("out/plots/2.svg"), HasSubstr("state4"));
  EXPECT_THAT(file("out/provenance.json"), HasSubstr("\"model\": \"fake\""));
}

TEST_F(RunStudyTest, RunsNothingTwice) {
  FakeModel fake = model();
  run(kSwap, fake);
  const std::string results = file("out/results.csv"), summary = file("out/summary.csv");
  const std::size_t runs = fake.runs, traces = fake.traces;
  EXPECT_EQ(traces, kStates);  // the other relation alone
  const StudyRunReport again = run(kSwap, fake);
  EXPECT_EQ(fake.runs, runs);
  EXPECT_EQ(fake.traces, traces);
  EXPECT_EQ(again.already, again.cells);
  EXPECT_EQ(file("out/results.csv"), results);
  EXPECT_EQ(file("out/summary.csv"), summary);
}

TEST_F(RunStudyTest, RemovesWhatAKilledRunHadBegunAndNothingElse) {
  FakeModel fake = model();
  std::filesystem::create_directories(folder_ / "out/graphs");
  std::filesystem::create_directories(folder_ / "out/mine");
  for (const char* const name :
       {"out/results.csv.partial.12", "out/graphs/a.graph.safetensors.partial.9"}) {
    write_text(folder_ / name, "");
  }
  for (const char* const name :
       {"out/mine/results.csv.partial.12", "out/mine.partial.3", "out/results.csv.partial.x"}) {
    write_text(folder_ / name, "");
  }
  run(kSwap, fake);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "out/results.csv.partial.12"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "out/graphs/a.graph.safetensors.partial.9"));
  for (const char* const name :
       {"out/mine/results.csv.partial.12", "out/mine.partial.3", "out/results.csv.partial.x"}) {
    EXPECT_TRUE(std::filesystem::exists(folder_ / name)) << name;
  }
}

TEST_F(RunStudyTest, GoesOnWhereItWasEnded) {
  FakeModel undisturbed = model();
  run(kSwap, undisturbed, "whole");
  std::mt19937_64 random(0);
  FakeModel fake = model();
  fake.most = 5;
  std::size_t ended = 0;
  for (bool done = false; !done;) {
    fake.fails_after = fake.runs + 1 + random() % 40;
    try {
      run(kSwap, fake);
      done = true;
    } catch (const Killed&) {
      ++ended;
    }
  }
  EXPECT_GE(ended, 5u);
  for (const char* const name : {"results.csv", "summary.csv", "report.html", "provenance.json"}) {
    EXPECT_EQ(file(std::string("out/") + name), file(std::string("whole/") + name)) << name;
  }
  std::set<std::string> keys;
  std::istringstream lines(file("out/cells.jsonl"));
  for (std::string line; std::getline(lines, line);) {
    EXPECT_TRUE(keys.insert(line.substr(0, line.find(','))).second) << line;
  }
}

TEST_F(RunStudyTest, DoesNotDependOnHowManyRunAtOnce) {
  FakeModel many = model(), few = model();
  few.most = 1;
  run(kSwap, many, "many");
  run(kSwap, few, "few");
  EXPECT_EQ(file("many/results.csv"), file("few/results.csv"));
}

TEST_F(RunStudyTest, AnotherSeedIsAnotherCell) {
  FakeModel fake = model();
  run(kSwap, fake);
  const StudyRunReport other = run("seed: 100\n" + std::string(kSwap), fake);
  EXPECT_EQ(other.already, 0u);
}

TEST_F(RunStudyTest, ATestedPromptNeverChoosesItsOwnFeatures) {
  FakeModel fake = model();
  std::string text = kSwap;
  // Without exclude_same prompts of the tested relation may be asked, but not the pair's own.
  for (std::size_t at; (at = text.find(" exclude_same: relation,")) != text.npos;) {
    text.erase(at, 24);
  }
  run(text, fake);
  const std::string graphs = [&] {
    std::string names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_ / "out/graphs")) {
      names += entry.path().filename().string() + "\n";
    }
    return names;
  }();
  EXPECT_THAT(graphs, HasSubstr("c0-"));  // for other pairs
  EXPECT_THAT(row("test,capital,swap,,2,top1,"), HasSubstr("6,6,1,"));
}

TEST_F(RunStudyTest, CountsWhatCannotBeMade) {
  FakeModel fake = model();
  std::string text = kSwap;
  text.replace(text.find("exclude_same: relation, max: 3}}\n  - {name: B"), 22,
               "exclude_same: [state]");
  const StudyRunReport report = run(text, fake);
  EXPECT_GT(report.left_out, 0u);
  EXPECT_THAT(file("out/report.html"), HasSubstr("left out: supernode A is empty"));
}

TEST_F(RunStudyTest, LeavesOutPairsWithEqualAnswers) {
  FakeModel fake = model();
  const std::string pairs = file("pairs.jsonl");
  write_text(folder_ / "pairs.jsonl",
             pairs + "{\"id\":\"same\",\"from\":\"r0\",\"to\":\"r1\",\"split\":\"test\"}\n");
  EXPECT_EQ(run(kSwap, fake).units, kStates);
  EXPECT_THAT(file("out/report.html"), HasSubstr("left out: equal answers"));
}

TEST_F(RunStudyTest, SingleFeaturesNeedNoGraph) {
  FakeModel fake = model();
  const auto report =
      run("version: 1\nname: x\nprompts: {file: prompts.jsonl, where: {family: capital}}\n"
          "interventions: [{name: none_left, set: ['1_1003_-1=0']}]\ncontrols: random_matched\n"
          "report: {plots: [{kind: heat, x: state, y: relation, series: '0_3_-2'}]}\n",
          fake);
  EXPECT_EQ(fake.traces, 0u);
  EXPECT_EQ(report.cells, kStates * (1 + 1 + 20));
  EXPECT_THAT(row("none,,0,activation 0_3_-2,"), HasSubstr("9,0,"));
}

TEST_F(RunStudyTest, TriesEveryRangeOfLayers) {
  FakeModel fake = model();
  run("version: 1\nname: x\nprompts: {file: prompts.jsonl}\npairs: {file: pairs.jsonl}\n"
      "interventions: [{name: all, swap: {kind: features, positions: last, layers: each}}]\n",
      fake);
  for (const char* const layers : {"0..0", "0..1", "1..1"}) {
    EXPECT_NE(row(std::string("all ") + layers + ",,1,top1,"), "no such row") << layers;
  }
}

TEST_F(RunStudyTest, FailedCellsAreListedAndTriedAgain) {
  FakeModel fake = model();
  const std::string text =
      "version: 1\nname: x\nprompts: {file: prompts.jsonl, where: {family: capital}}\n"
      "interventions: [{name: far, set: ['1_1003_40=0']}, {name: near, set: ['1_1003_2=0']}]\n";
  const StudyRunReport report = run(text, fake);
  EXPECT_EQ(report.failed, kStates);
  EXPECT_EQ(report.cells, 2 * kStates);
  EXPECT_THAT(file("out/errors.jsonl"), HasSubstr("the prompt has positions 0 to 4"));
  EXPECT_EQ(run(text, fake).failed, kStates);
}

TEST_F(RunStudyTest, RefusesBeforeAnythingRuns) {
  FakeModel fake = model();
  const auto error_of = [&](const std::string& more) {
    return message_of<std::runtime_error>([&] {
      run("version: 1\nname: x\nprompts: {file: prompts.jsonl}\npairs: {file: pairs.jsonl}\n" +
              more,
          fake);
    });
  };
  EXPECT_THAT(error_of("interventions: [{name: a, set: ['@Z=0']}]\n"),
              HasSubstr("there is no supernode \"Z\""));
  EXPECT_THAT(error_of("interventions: [{name: a, set: ['1_1_{to.colour}=0']}]\n"),
              HasSubstr("{to.colour} has no value in prompt c1"));
  EXPECT_THAT(error_of("interventions: [{name: a, set: ['1_1=0']}]\n"), HasSubstr("'1_1=0'"));
  EXPECT_THAT(error_of("report: {cluster: colour}\n"),
              HasSubstr("cluster: no tested prompt has \"colour\""));
  EXPECT_THAT(error_of("report: {plots: [{kind: bar, x: colour, y: top1}]}\n"),
              HasSubstr("a plot has no key \"colour\""));
  EXPECT_THAT(
      error_of("supernodes: [{name: A, select: {field: state, value: x, positions: colour}}]\n"),
      HasSubstr("positions: \"colour\" stands in no tested prompt"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "out"));
  EXPECT_THAT(error_of("interventions: [{name: a, set: ['1_1_1=0'], constrained: 0..2}]\n"),
              HasSubstr("intervention a names layers 0..2, the model has layers 0..1"));
  EXPECT_EQ(fake.runs, 0u);
}

TEST_F(RunStudyTest, RefusesSupernodesOfOtherTranscoders) {
  FakeModel fake = model();
  write_text(
      folder_ / "nodes.json",
      R"({"version":1,"transcoders":"other","supernodes":[{"name":"A","nodes":["1_1003_4"]}]})");
  const std::string text =
      "version: 1\nname: x\nprompts: {file: prompts.jsonl}\npairs: {file: pairs.jsonl}\n"
      "supernodes: [{name: A, file: nodes.json}]\ninterventions: [{name: a, set: ['@A=0']}]\n";
  EXPECT_THAT(message_of<std::runtime_error>([&] { run(text, fake); }),
              HasSubstr("made for transcoders \"other\", these are 0123456789abcdef"));
  write_text(folder_ / "s.yaml", text);
  StudyRunOptions forced = options("out");
  forced.force = true;
  EXPECT_EQ(run_study(read_study_file(folder_ / "s.yaml"), fake, forced).failed, 0u);
}

TEST_F(RunStudyTest, TakesPromptsOfATemplateAndATable) {
  FakeModel fake = model();
  write_text(folder_ / "t.csv", "state,answer,split\nstate0,city0,dev\n\"state1\",city1,test\n");
  run("version: 1\nname: x\nprompts: {template: 'capital of {state} is', table: t.csv}\n", fake);
  EXPECT_THAT(row("none,,0,top1,"), HasSubstr("2,0,1,"));
  EXPECT_THAT(file("out/results.csv"), HasSubstr(",3,,,test,none,,0,0,top1,1"));
}

}  // namespace
}  // namespace circuit
