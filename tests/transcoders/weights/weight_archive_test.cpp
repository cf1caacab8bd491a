#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"
#include "tests/support/throws.h"
#include "transcoders/weights/safetensors.h"

namespace circuit {
namespace {

using testing::message_of;
using testing::TempDir;
using testing::write_text;

void write_tensors(const std::filesystem::path& path, const std::vector<std::string>& names) {
  const std::vector<float> values{1.0F, 2.0F};
  std::vector<TensorToWrite> tensors;
  for (const std::string& name : names) {
    tensors.push_back({.name = name,
                       .dtype = Dtype::kF32,
                       .shape = {2},
                       .bytes = std::as_bytes(std::span(values))});
  }
  write_safetensors(path, std::move(tensors), {});
}

/// A directory with two shards and this index; the message of opening it.
std::string refusal(const TempDir& directory, const std::string& index) {
  write_tensors(directory / "one.safetensors", {"a", "b"});
  write_tensors(directory / "two.safetensors", {"c"});
  write_text(directory / "model.safetensors.index.json", index);
  return message_of<std::runtime_error>([&] { WeightArchive::open(directory.path()); });
}

TEST(WeightArchive, OpensASingleFile) {
  const TempDir directory;
  write_tensors(directory / "model.safetensors", {"b", "a"});
  const WeightArchive archive = WeightArchive::open(directory.path());
  EXPECT_EQ(archive.names(), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(archive.view("b").elements(), 2);
  EXPECT_EQ(archive.files().size(), 1U);
}

TEST(WeightArchive, OpensTheShardsOfAnIndex) {
  const TempDir directory;
  EXPECT_EQ(refusal(directory, R"({"metadata":{"total_size":24},"weight_map":)"
                               R"({"c":"two.safetensors","a":"one.safetensors"}})"),
            "nothing was thrown");
  const WeightArchive archive = WeightArchive::open(directory.path());
  EXPECT_EQ(archive.names(), (std::vector<std::string>{"a", "c"}));
  EXPECT_TRUE(archive.contains("c"));
  EXPECT_FALSE(archive.contains("b"));  // not in the index
  EXPECT_EQ(archive.file_of("c").path().filename(), "two.safetensors");
  EXPECT_EQ(archive.files().size(), 2U);
}

TEST(WeightArchive, NamesAMissingTensor) {
  const TempDir directory;
  write_tensors(directory / "model.safetensors", {"a"});
  const WeightArchive archive = WeightArchive::open(directory.path());
  EXPECT_EQ(
      message_of<std::runtime_error>([&] { archive.view("x"); }),
      "[read_tensor] " + (directory / "model.safetensors").string() + ": no tensor \"x\" among 1");
}

TEST(WeightArchive, SaysWhatIsMissing) {
  const TempDir directory;
  EXPECT_EQ(message_of<std::runtime_error>([&] { WeightArchive::open(directory.path()); }),
            "[open_weights] " + directory.path().string() +
                ": neither model.safetensors nor model.safetensors.index.json is there");
  EXPECT_EQ(refusal(directory, R"({"weight_map":{"a":"three.safetensors"}})"),
            "[open_safetensors] " + (directory / "three.safetensors").string() +
                ": cannot be opened (No such file or directory)");
  EXPECT_EQ(refusal(directory, R"({"weight_map":{"d":"two.safetensors"}})"),
            "[open_weights] " + (directory / "two.safetensors").string() +
                ": no tensor \"d\", which model.safetensors.index.json puts there");
}

TEST(WeightArchive, RefusesABrokenIndex) {
  const TempDir directory;
  const std::string start =
      "[open_weights] " + (directory / "model.safetensors.index.json").string() + ": ";
  EXPECT_EQ(refusal(directory, ""), start + "the file is empty");
  EXPECT_TRUE(refusal(directory, "{").starts_with(start + "not JSON: "));
  EXPECT_EQ(refusal(directory, "[]"), start + "no object \"weight_map\"");
  EXPECT_EQ(refusal(directory, R"({"weight_map":{"a":"../one.safetensors"}})"),
            start +
                "tensor \"a\" lies in \"../one.safetensors\", expected the name of a file in "
                "the same directory");
  EXPECT_EQ(refusal(directory, R"({"weight_map":{"a":7}})"),
            start + "tensor \"a\" lies in 7, expected the name of a file in the same directory");
  EXPECT_EQ(refusal(directory, R"({"weight_map":{"a":"one.safetensors","a":"two.safetensors"}})"),
            start + "tensor \"a\" stands twice");
}

}  // namespace
}  // namespace circuit
