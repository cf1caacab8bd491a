#include <array>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/file_size_limit.h"
#include "tests/support/temp_dir.h"
#include "tests/support/throws.h"
#include "transcoders/weights/safetensors.h"

namespace circuit {
namespace {

using testing::FileSizeLimit;
using testing::message_of;
using testing::read_text;
using testing::TempDir;
using testing::write_text;

template <typename T>
TensorToWrite tensor(std::string name, Dtype dtype, const std::vector<T>& values) {
  return {.name = std::move(name),
          .dtype = dtype,
          .shape = {static_cast<std::int64_t>(values.size())},
          .bytes = std::as_bytes(std::span(values))};
}

TEST(WriteSafetensors, ReadsBackWhatWasWritten) {
  const TempDir directory;
  const auto path = directory / "a.safetensors";
  const std::vector<float> weights{1.0F, -2.5F};
  const std::vector<std::int64_t> offsets{0, 1, 2};
  const std::map<std::string, std::string> metadata{
      {"prompt", "a \"quoted\"\\ line\nbreak \x01 größe"}, {"empty", ""}};
  write_safetensors(path,
                    {tensor("we\"ird\n", Dtype::kF32, weights),
                     tensor("offsets", Dtype::kI64, offsets),
                     {.name = "none", .dtype = Dtype::kF32, .shape = {0, 3}, .bytes = {}}},
                    metadata);
  const SafetensorsFile file = SafetensorsFile::open(path);
  EXPECT_EQ(file.metadata(), metadata);
  EXPECT_EQ(file.view("offsets").shape, (std::vector<std::int64_t>{3}));
  EXPECT_EQ(file.view("none").shape, (std::vector<std::int64_t>{0, 3}));
  std::array<float, 2> read{};
  std::memcpy(read.data(), file.view("we\"ird\n").bytes.data(), sizeof read);
  EXPECT_EQ(read[0], 1.0F);
  EXPECT_EQ(read[1], -2.5F);
}

TEST(WriteSafetensors, LaysOutWiderTypesFirstThenByNameWithAPaddedHeader) {
  const TempDir directory;
  const std::vector<std::uint8_t> mask{1, 0, 1};
  const std::vector<float> weights{1.0F};
  const std::vector<std::int64_t> offsets{7};
  write_safetensors(directory / "a",
                    {tensor("b", Dtype::kF32, weights), tensor("a", Dtype::kU8, mask),
                     tensor("z", Dtype::kI64, offsets), tensor("a2", Dtype::kF32, weights)},
                    {{"version", "1"}, {"format", "x"}});
  const std::string bytes = read_text(directory / "a");
  const std::string header = R"({"__metadata__":{"format":"x","version":"1"},)"
                             R"("z":{"dtype":"I64","shape":[1],"data_offsets":[0,8]},)"
                             R"("a2":{"dtype":"F32","shape":[1],"data_offsets":[8,12]},)"
                             R"("b":{"dtype":"F32","shape":[1],"data_offsets":[12,16]},)"
                             R"("a":{"dtype":"U8","shape":[3],"data_offsets":[16,19]}})";
  ASSERT_GT(bytes.size(), 8 + header.size());
  EXPECT_EQ(bytes.substr(8, header.size()), header);
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), 8);
  EXPECT_EQ(length % 8, 0U);
  EXPECT_EQ(bytes.substr(8 + header.size(), length - header.size()),
            std::string(length - header.size(), ' '));
  EXPECT_EQ(bytes.size(), 8 + length + 19);
}

TEST(WriteSafetensors, GivesEqualBytesForAnyOrderOfTensors) {
  const TempDir directory;
  const std::vector<float> x{1.0F}, y{2.0F};
  const TensorToWrite first = tensor("x", Dtype::kF32, x), second = tensor("y", Dtype::kF32, y);
  write_safetensors(directory / "a", {first, second}, {});
  write_safetensors(directory / "b", {second, first}, {});
  EXPECT_EQ(read_text(directory / "a"), read_text(directory / "b"));
}

TEST(WriteSafetensors, RefusesWhatItCouldNotReadBack) {
  const TempDir directory;
  const auto path = directory / "a";
  const std::vector<float> values{1.0F, 2.0F};
  const auto refusal = [&](std::vector<TensorToWrite> tensors,
                           const std::map<std::string, std::string>& metadata = {}) {
    const std::string message = message_of<std::invalid_argument>(
        [&] { write_safetensors(path, std::move(tensors), metadata); });
    const std::string start = "[write_safetensors] " + path.string() + ": ";
    return message.starts_with(start) ? message.substr(start.size()) : message;
  };
  TensorToWrite wrong = tensor("w", Dtype::kF32, values);
  wrong.shape = {3};
  EXPECT_EQ(refusal({wrong}), "tensor \"w\" has 8 bytes, F32 [3] needs 12");
  wrong.shape = {-2};
  EXPECT_EQ(refusal({wrong}), "tensor \"w\" is [-2]");
  wrong.shape = {std::int64_t{1} << 40U, std::int64_t{1} << 40U};
  EXPECT_EQ(refusal({wrong}),
            "tensor \"w\" has 8 bytes, F32 [1099511627776, 1099511627776] needs "
            "18446744073709551615");
  const TensorToWrite right = tensor("w", Dtype::kF32, values);
  EXPECT_EQ(refusal({right, tensor("v", Dtype::kF32, values), right}), "tensor \"w\" stands twice");
  EXPECT_EQ(refusal({tensor("__metadata__", Dtype::kF32, values)}),
            "no tensor may be called __metadata__");
  EXPECT_EQ(refusal({right}, {{"prompt", "\xFF"}}), "\"\xFF\" is not UTF-8");
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(WriteSafetensors, SaysWhyItCannotWriteUnderARegularFile) {
  const TempDir directory;
  write_text(directory / "plain", "");
  const auto path = directory.path() / "plain" / "a.safetensors";
  EXPECT_EQ(message_of<std::runtime_error>([&] { write_safetensors(path, {}, {}); }),
            "[write_safetensors] " + path.string() + ": cannot be created (Not a directory)");
}

TEST(WriteSafetensors, LeavesNoPartialFileOnAFullDisk) {
  const TempDir directory;
  const auto path = directory / "a.safetensors";
  const std::vector<float> values(10'000, 1.0F);
  std::string message;
  {
    const FileSizeLimit limit(4096);
    message = message_of<std::runtime_error>(
        [&] { write_safetensors(path, {tensor("w", Dtype::kF32, values)}, {}); });
  }
  EXPECT_EQ(message,
            "[write_safetensors] " + path.string() + ": cannot be written (File too large)");
  EXPECT_TRUE(std::filesystem::is_empty(directory.path()));
}

TEST(SafetensorsWriter, WritesTheSameFileInParts) {
  const TempDir directory;
  const std::vector<float> numbers{1, 2, 3, 4, 5, 6};
  const auto bytes = std::as_bytes(std::span(numbers));
  write_safetensors(directory / "whole",
                    {{.name = "a", .dtype = Dtype::kF32, .shape = {2}, .bytes = bytes.first(8)},
                     {.name = "b", .dtype = Dtype::kF32, .shape = {4}, .bytes = bytes.subspan(8)}},
                    {{"key", "value"}});
  SafetensorsWriter writer(directory / "parts",
                           {{.name = "b", .dtype = Dtype::kF32, .shape = {4}},
                            {.name = "a", .dtype = Dtype::kF32, .shape = {2}}},
                           {{"key", "value"}});
  EXPECT_EQ(writer.order()[0].name, "a");
  writer.write(bytes.first(12));
  EXPECT_EQ(message_of<std::logic_error>([&] { writer.commit(); }),
            "[write_safetensors] 12 bytes are missing");
  writer.write(bytes.subspan(12));
  EXPECT_EQ(message_of<std::logic_error>([&] { writer.write(bytes.first(1)); }),
            "[write_safetensors] 1 bytes, expected at most 0 more");
  writer.commit();
  EXPECT_EQ(read_text(directory / "parts"), read_text(directory / "whole"));
}

}  // namespace
}  // namespace circuit
