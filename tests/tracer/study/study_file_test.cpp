#include "tracer/study/study_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"
#include "tests/support/throws.h"

namespace circuit {
namespace {

using ::circuit::testing::message_of;
using ::circuit::testing::read_text;
using ::circuit::testing::TempDir;
using ::circuit::testing::write_text;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kStart = "version: 1\nname: x\nprompts: {file: p.jsonl}\n";

constexpr const char* kWhole = R"(version: 1
name: antonyms
seed: 7
prompts: {file: p.jsonl, where: {family: [a, b]}, limit: 3}
pairs: {file: pairs.jsonl, split: [dev, test], where: {kind: language}}
trace: {target: ["{answer}"], max_features: 100, zero_positions: 2}
supernodes:
  - {name: A, select: {field: language, value: "{from.language}", exclude_same: concept, max: 5, positions: [concept, last], layers: 1..3, exclude_direct: 0.5, most_prompts: 4}}
  - {name: B, file: nodes.json, group: "{to.language}"}
interventions:
  - {name: swap, set: ["@A=x0", "@B=x{strength}"], strengths: [1, 2.5], freeze: none, constrained: 0..4}
  - {name: ceiling, swap: {kind: mlp_outputs, positions: last, layers: each}}
controls: [random_matched, wrong_concept, activation, embedding, whole_position]
metrics: [top1, kl]
report:
  group_by: family
  cluster: concept
  choose: {on: dev, report: test, by: top1, among: swap}
  threshold: {metric: top1, above: 0.7}
  plots: [{kind: bar, x: control, y: top1, series: family}]
)";

class StudyFileTest : public ::testing::Test {
 protected:
  StudyFile read(const std::string& text) {
    write_text(folder_ / "s.yaml", text);
    return read_study_file(folder_ / "s.yaml");
  }
  std::string error_of(const std::string& text) {
    return message_of<std::runtime_error>([&] { read(text); });
  }

  TempDir folder_;
};

TEST_F(StudyFileTest, ReadsEveryKey) {
  const StudyFile study = read(kWhole);
  EXPECT_EQ(study.seed, 7u);
  EXPECT_EQ(study.prompts.file, folder_ / "p.jsonl");
  EXPECT_THAT(study.prompts.where.at("family"), ElementsAre("a", "b"));
  EXPECT_THAT(study.pairs->where.at("kind"), ElementsAre("language"));
  EXPECT_EQ(study.trace.max_features, 100);
  ASSERT_EQ(study.supernodes.size(), 2u);
  EXPECT_EQ(study.supernodes[0].select->layers, (LayerRange{1, 3}));
  EXPECT_EQ(study.supernodes[0].select->exclude_direct, 0.5);
  EXPECT_EQ(study.supernodes[1].group, "{to.language}");
  EXPECT_THAT(study.interventions[0].strengths, ElementsAre(1, 2.5));
  EXPECT_EQ(study.interventions[0].freeze, Freeze::kNone);
  EXPECT_TRUE(study.interventions[1].swap->each_range);
  EXPECT_EQ(study.controls.size(), 5u);
  EXPECT_THAT(study.metrics, ElementsAre(StudyMetric::kTop1, StudyMetric::kKl));
  EXPECT_THAT(study.report.choose->among, ElementsAre("swap"));
  EXPECT_EQ(study.report.threshold->above, 0.7);
  EXPECT_TRUE(study.model.empty());
}

TEST_F(StudyFileTest, SaidWithAllDefaultsItIsTheSameStudy) {
  const std::string once = resolved_study(read(kWhole));
  EXPECT_EQ(resolved_study(read(once)), once);
  const std::string small = resolved_study(read(kStart));
  EXPECT_THAT(small, HasSubstr("max_features: 7500"));
  EXPECT_EQ(resolved_study(read(small)), small);
}

TEST_F(StudyFileTest, NamesTheLineOfAnUnknownKey) {
  EXPECT_THAT(error_of(std::string(kStart) + "report: {cluster: a,\n  colour: red}\n"),
              HasSubstr("s.yaml:5: report has no key \"colour\", expected group_by"));
  EXPECT_THAT(error_of(std::string(kStart) + "prompt: 3\n"),
              HasSubstr("s.yaml:4: the study has no key \"prompt\""));
}

TEST_F(StudyFileTest, NamesTheLineOfAWrongType) {
  EXPECT_THAT(error_of(std::string(kStart) + "seed: many\n"),
              HasSubstr("s.yaml:4: seed is \"many\", expected a whole number of at least 0"));
  EXPECT_THAT(error_of(std::string(kStart) + "metrics: [top1, top2]\n"),
              HasSubstr("s.yaml:4: a metric is \"top2\", expected top1, logprob"));
  EXPECT_THAT(error_of(std::string(kStart) + "interventions: {a: b}\n"),
              HasSubstr("interventions is no list"));
  EXPECT_THAT(error_of("version: 2\n"), HasSubstr("version is not 1"));
  EXPECT_THAT(error_of("version: 1\nname: x\n"), HasSubstr("the study has no prompts"));
  EXPECT_THAT(error_of("- 1\n"), HasSubstr("the study has no keys"));
  EXPECT_THAT(error_of("a: [\n"), HasSubstr("is no YAML"));
}

TEST_F(StudyFileTest, RefusesWhatDoesNotGoTogether) {
  const auto with = [&](const std::string& more) { return error_of(kStart + more); };
  EXPECT_THAT(with("supernodes: [{name: A}]\n"), HasSubstr("expected file or select"));
  EXPECT_THAT(with("interventions: [{name: a, set: ['1_1_1=0']}, {name: a, set: ['1_1_1=0']}]\n"),
              HasSubstr("there are two interventions a"));
  EXPECT_THAT(with("interventions: [{name: a}]\n"), HasSubstr("changes nothing"));
  EXPECT_THAT(with("controls: [embedding]\n"), HasSubstr("embedding without pairs"));
  EXPECT_THAT(with("report: {threshold: {metric: kl, above: 1}}\n"),
              HasSubstr("metric kl is not among metrics"));
  EXPECT_THAT(with("model: demo\ntranscoders: there\n"), HasSubstr("expected both or neither"));
  EXPECT_THAT(with("name: y\n"), HasSubstr("stands twice"));
}

TEST(StudyLayers, AreRangesOrOneLayer) {
  EXPECT_EQ(parse_layers("0..5"), (LayerRange{0, 5}));
  EXPECT_EQ(parse_layers("3"), (LayerRange{3, 3}));
  for (const char* const bad : {"", "5..3", "-1..2", "a", "1..", "1...2"}) {
    EXPECT_EQ(parse_layers(bad), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace circuit
