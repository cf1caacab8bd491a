#include "tracer/cli/engine/settings_hash.h"

#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <stdexcept>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"
#include "tests/support/throws.h"

namespace circuit::cli {
namespace {

using circuit::testing::message_of;
using circuit::testing::read_text;
using circuit::testing::TempDir;
using circuit::testing::write_text;

const std::filesystem::path kDemo = CIRCUIT_DEMO_DIR;

TraceRequest demo_request(const std::filesystem::path& demo = kDemo) {
  TraceRequest request;
  request.load = {.model = demo / "model", .transcoders = demo / "clt"};
  return request;
}

const ListedPrompt kPrompt = {.line = 1, .id = "1", .name = "000001", .prompt = {.prompt = "a b"}};

std::string hash_of(const TraceRequest& common, const ListedPrompt& prompt = kPrompt) {
  return SettingsHash(common).of(prompt);
}

TEST(SettingsHash, DependsOnEverySettingOfTheOutput) {
  const std::vector<std::function<void(TraceRequest&)>> changes = {
      [](TraceRequest& r) { r.load.dtype = ComputeType::kF64; },
      [](TraceRequest& r) { r.attribution.targets.max_logits = 3; },
      [](TraceRequest& r) { r.attribution.targets.logit_probability = 0.5; },
      [](TraceRequest& r) { r.attribution.max_features = 10; },
      [](TraceRequest& r) { r.attribution.batch_size = 10; },
      [](TraceRequest& r) { r.attribution.update_interval = 10; },
      [](TraceRequest& r) { r.attribution.zero_positions = 1; },
      [](TraceRequest& r) { r.attribution.similarity = true; },
      [](TraceRequest& r) { r.pruning.node_threshold = 0.5; },
      [](TraceRequest& r) { r.pruning.edge_threshold = 0.5; },
      [](TraceRequest& r) { r.output.formats = "json"; },
      [](TraceRequest& r) { r.output.picture.most_edges = 7; },
      [](TraceRequest& r) { r.save_graph = true; },
      [](TraceRequest& r) { r.attention.per_head = true; },
      [](TraceRequest& r) { r.attention.qk = true; },
      [](TraceRequest& r) { r.attention = {.qk = true, .qk_share = 0.5}; },
      [](TraceRequest& r) { r.attention = {.qk = true, .table = {.top = 3}}; },
      [](TraceRequest& r) {
        r.labels = std::make_shared<const FeatureLabels>(FeatureLabels{{{0, 1}, {"a", "b"}}});
      },
      [](TraceRequest& r) {
        r.labels = std::make_shared<const FeatureLabels>(FeatureLabels{{{0, 1}, {"a", "c"}}});
      }};
  std::set<std::string> hashes = {hash_of(demo_request())};
  for (const auto& change : changes) {
    TraceRequest changed = demo_request();
    change(changed);
    hashes.insert(hash_of(changed));
  }
  EXPECT_EQ(hashes.size(), changes.size() + 1);
  EXPECT_EQ(hashes.begin()->size(), 16);
}

TEST(SettingsHash, DependsOnAllOfAPromptButItsPlace) {
  const SettingsHash settings(demo_request());
  const std::vector<std::function<void(ListedPrompt&)>> changes = {
      [](ListedPrompt& p) { p.name = "b"; }, [](ListedPrompt& p) { p.prompt.prompt = "b"; },
      [](ListedPrompt& p) { p.prompt.bos = "none"; },
      [](ListedPrompt& p) {
        p.prompt.token_ids = {1, 2};
      },
      [](ListedPrompt& p) { p.targets = {" c"}; }};
  std::set<std::string> hashes = {settings.of(kPrompt)};
  for (const auto& change : changes) {
    ListedPrompt changed = kPrompt;
    change(changed);
    hashes.insert(settings.of(changed));
  }
  EXPECT_EQ(hashes.size(), changes.size() + 1);
  ListedPrompt moved = kPrompt;
  moved.line = 7;
  moved.id = "7";
  EXPECT_EQ(settings.of(moved), settings.of(kPrompt));
}

TEST(SettingsHash, DoesNotDependOnWhatChangesNoResult) {
  TraceRequest other = demo_request();
  other.load.threads = 3;
  other.attribution.memory_bytes = 1;
  other.attention.table.memory_bytes = 1;
  other.attention.qk_share = 0.1;  // without --qk
  other.output.folder = "elsewhere";
  other.output.formats = "png,svg,json,json";
  EXPECT_EQ(hash_of(other), hash_of(demo_request()));
}

TEST(SettingsHash, DependsOnTheFilesOfModelAndTranscoders) {
  const TempDir folder;
  std::filesystem::copy(kDemo / "model", folder / "model");
  std::filesystem::copy(kDemo / "clt", folder / "clt");
  const TraceRequest copied = demo_request(folder.path());
  std::string last = hash_of(copied);
  EXPECT_EQ(last, hash_of(demo_request()));
  for (const std::string file : {"model/config.json", "model/tokenizer.json", "clt/config.yaml"}) {
    write_text(folder / file, read_text(folder / file) + "\n");
    EXPECT_NE(hash_of(copied), last) << file;
    last = hash_of(copied);
  }
  std::filesystem::rename(folder / "model", folder / "renamed");
  TraceRequest renamed = copied;
  renamed.load.model = folder / "renamed";
  EXPECT_NE(hash_of(renamed), last);
  EXPECT_EQ(message_of<std::runtime_error>([&] { hash_of(copied); }),
            "[load_model] " + (folder / "model").string() +
                ": no such directory, expected a Hugging Face model directory or a GGUF file");
}

}  // namespace
}  // namespace circuit::cli
