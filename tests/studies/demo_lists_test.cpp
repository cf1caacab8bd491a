// What studies rely on in examples/demo/prompts.jsonl and pairs.jsonl.
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tracer/text/prompt_file.h"
#include "tracer/text/tokenizer.h"

namespace circuit::studies {
namespace {

const std::filesystem::path kDemo = CIRCUIT_DEMO_DIR;

const PromptFile& prompts() {
  static const PromptFile file = read_prompt_file(kDemo / "prompts.jsonl");
  return file;
}

const PromptEntry& prompt(const std::string& id) {
  const auto found = std::ranges::find(prompts().entries, id, &PromptEntry::id);
  if (found == prompts().entries.end()) throw std::runtime_error("no prompt " + id);
  return *found;
}

struct Pair {
  std::string id, split, kind;
  const PromptEntry *from, *to;
};

std::vector<Pair> pairs() {
  std::vector<Pair> pairs;
  std::ifstream file(kDemo / "pairs.jsonl");
  for (std::string line; std::getline(file, line);) {
    const auto json = nlohmann::json::parse(line);
    pairs.push_back({json.at("id"), json.at("split"), json.at("kind"), &prompt(json.at("from")),
                     &prompt(json.at("to"))});
  }
  return pairs;
}

// The field that says which prompts are not independent of each other (README.md).
std::string cluster_field(const std::string& family) {
  if (family.starts_with("us_") || family.starts_with("co_")) return "entity";
  if (family.starts_with("ant_") || family == "translate") return "opposites";
  if (family == "add") return "sum";
  return family == "succ" ? "subject" : "question";
}

TEST(DemoPrompts, AreReadWithoutWarnings) {
  EXPECT_EQ(prompts().warnings, std::vector<std::string>{});
  EXPECT_EQ(prompts().entries.size(), 4326u);
}

TEST(DemoPrompts, HaveNoClusterOnBothSplits) {
  std::map<std::pair<std::string, std::string>, std::set<std::string>> splits;
  for (const PromptEntry& entry : prompts().entries) {
    const std::string field = cluster_field(entry.family.value());
    const bool is_question = field == "question";
    splits[{is_question ? *entry.family : field, entry.fields.at(field)}].insert(*entry.split);
  }
  for (const auto& [cluster, of] : splits) EXPECT_EQ(of.size(), 1u) << cluster.second;
}

TEST(DemoPairs, DifferInTheirKindAndTheirAnswerAlone) {
  for (const Pair& pair : pairs()) {
    const auto& [from, to] = std::tie(pair.from->fields, pair.to->fields);
    EXPECT_NE(from.at(pair.kind), to.at(pair.kind)) << pair.id;
    EXPECT_NE(*pair.from->answer, *pair.to->answer) << pair.id;
    EXPECT_EQ(*pair.from->split, pair.split) << pair.id;
    EXPECT_EQ(*pair.to->split, pair.split) << pair.id;
  }
}

TEST(DemoPairs, HaveAsManyTokensOnBothSides) {
  const Tokenizer tokenizer = Tokenizer::load(kDemo / "model");
  for (const Pair& pair : pairs()) {
    const auto from = tokenizer.encode(*pair.from->prompt), to = tokenizer.encode(*pair.to->prompt);
    EXPECT_EQ(from.size(), to.size()) << pair.id;
    EXPECT_NE(tokenizer.encode(*pair.from->answer).at(1), tokenizer.encode(*pair.to->answer).at(1))
        << pair.id;
  }
}

// README.md lists what has fewer clusters.
TEST(DemoPairs, HaveThirtyClustersOnTestBesidesSuccessors) {
  std::map<std::string, std::set<std::string>> clusters;
  for (const Pair& pair : pairs()) {
    if (pair.split != "test") continue;
    const std::string& family = pair.from->family.value();
    std::string group = family + " " + pair.kind;
    if (family == "ant_same" || family == "ant_cross" || family == "translate") {
      group += " " + pair.from->fields.at("from") + " to " + pair.from->fields.at("language");
    }
    clusters[group].insert(pair.from->fields.at(cluster_field(family)));
  }
  for (const auto& [group, of] : clusters) {
    if (group == "succ subject") {
      EXPECT_EQ(of.size(), 15u);
    } else {
      EXPECT_GE(of.size(), 30u) << group;
    }
  }
}

}  // namespace
}  // namespace circuit::studies
