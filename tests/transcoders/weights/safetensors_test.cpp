#include "transcoders/weights/safetensors.h"

#include <cstring>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"
#include "tests/support/throws.h"

namespace circuit {
namespace {

using testing::message_of;
using testing::TempDir;
using testing::write_text;

std::string prefix_of(std::uint64_t length) {
  std::string prefix(8, '\0');
  std::memcpy(prefix.data(), &length, 8);
  return prefix;
}

std::string file_of(const std::string& header, const std::string& data = {}) {
  return prefix_of(header.size()) + header + data;
}

/// Opens a file with these bytes; the message without `[open_safetensors] PATH: `.
std::string refusal(const std::string& bytes) {
  const TempDir directory;
  const auto path = directory / "bad.safetensors";
  write_text(path, bytes);
  const std::string message = message_of<std::runtime_error>([&] { SafetensorsFile::open(path); });
  const std::string start = "[open_safetensors] " + path.string() + ": ";
  return message.starts_with(start) ? message.substr(start.size()) : message;
}

TEST(SafetensorsFile, ShowsTensorsAndMetadata) {
  const TempDir directory;
  write_text(directory / "a.safetensors",
             file_of(R"({"__metadata__":{"format":"pt"},)"
                     R"("b":{"dtype":"I32","shape":[2,1],"data_offsets":[4,12]},)"
                     R"("a":{"dtype":"U8","shape":[],"data_offsets":[0,1]},)"
                     R"("none":{"dtype":"F32","shape":[0,7],"data_offsets":[12,12]}})",
                     std::string("\x05???\x01\0\0\0\xFE\xFF\xFF\xFF", 12)));
  const SafetensorsFile file = SafetensorsFile::open(directory / "a.safetensors");
  EXPECT_EQ(file.names(), (std::vector<std::string>{"a", "b", "none"}));
  EXPECT_EQ(file.metadata().at("format"), "pt");
  EXPECT_TRUE(file.contains("a"));
  EXPECT_FALSE(file.contains("__metadata__"));
  const TensorView& b = file.view("b");
  EXPECT_EQ(b.dtype, Dtype::kI32);
  EXPECT_EQ(b.elements(), 2);
  std::int32_t values[2];
  std::memcpy(values, b.bytes.data(), sizeof values);
  EXPECT_EQ(values[0], 1);
  EXPECT_EQ(values[1], -2);
  EXPECT_EQ(file.view("a").elements(), 1);
  EXPECT_EQ(file.view("none").elements(), 0);
}

TEST(SafetensorsFile, CopiesAndMappingKeepTheBytesAlive) {
  const TempDir directory;
  const auto path = directory / "a.safetensors";
  write_text(path, file_of(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})", "x"));
  std::optional<SafetensorsFile> file = SafetensorsFile::open(path);
  const std::span<const std::byte> bytes = file->view("a").bytes;
  const std::shared_ptr<const void> mapping = file->mapping();
  file.reset();
  std::filesystem::remove(path);
  EXPECT_EQ(bytes[0], std::byte{'x'});
}

TEST(SafetensorsFile, NamesAMissingTensor) {
  const TempDir directory;
  const auto path = directory / "a.safetensors";
  write_text(path, file_of("{}"));
  const SafetensorsFile file = SafetensorsFile::open(path);
  EXPECT_EQ(message_of<std::runtime_error>([&] { file.view("W_enc"); }),
            "[read_tensor] " + path.string() + ": no tensor \"W_enc\" among 0");
}

TEST(SafetensorsFile, AcceptsAdviceForAnyTensor) {
  const TempDir directory;
  const auto path = directory / "a.safetensors";
  write_text(path, file_of(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                           R"("b":{"dtype":"U8","shape":[0],"data_offsets":[1,1]}})",
                           "x"));
  const SafetensorsFile file = SafetensorsFile::open(path);
  advise(file.view("a"), AccessPattern::kRandom);
  advise(file.view("a"), AccessPattern::kSequential);
  advise(file.view("b"), AccessPattern::kRandom);
  EXPECT_EQ(file.view("a").bytes[0], std::byte{'x'});
}

TEST(SafetensorsFile, RefusesAMissingFileAndADirectory) {
  const TempDir directory;
  EXPECT_EQ(message_of<std::runtime_error>([&] { SafetensorsFile::open(directory / "none"); }),
            "[open_safetensors] " + (directory / "none").string() +
                ": cannot be opened (No such file or directory)");
  EXPECT_EQ(message_of<std::runtime_error>([&] { SafetensorsFile::open(directory.path()); }),
            "[open_safetensors] " + directory.path().string() +
                ": is not a regular file (Is a directory)");
}

TEST(SafetensorsFile, RefusesAFileWithoutARoomForTheHeader) {
  EXPECT_EQ(refusal(""), "file has 0 bytes, expected at least 8");
  EXPECT_EQ(refusal("abc"), "file has 3 bytes, expected at least 8");
  EXPECT_EQ(refusal(prefix_of(100) + "{}"),
            "header length is 100, the file has only 2 bytes after it (truncated, or not a "
            "safetensors file)");
  EXPECT_EQ(refusal(prefix_of(~std::uint64_t{0}) + "{}"),
            "header length is 18446744073709551615, the file has only 2 bytes after it "
            "(truncated, or not a safetensors file)");
}

TEST(SafetensorsFile, RefusesAHeaderThatIsNotAnObject) {
  EXPECT_NE(refusal(file_of("")).find("header is not a JSON object: "), std::string::npos);
  EXPECT_NE(refusal(file_of("[1]")).find("header is not a JSON object: "), std::string::npos);
  EXPECT_NE(refusal(file_of(R"({"a":)")).find("header is not a JSON object: "), std::string::npos);
  EXPECT_NE(refusal(file_of("{\"\xFF\":1}")).find("UTF-8"), std::string::npos);
  const std::string deep = std::string(5000, '[') + std::string(5000, ']');
  EXPECT_NE(refusal(file_of(R"({"a":)" + deep + "}")).find("header is not a JSON"),
            std::string::npos);
}

TEST(SafetensorsFile, RefusesTruncatedData) {
  EXPECT_EQ(refusal(file_of(R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", "1234")),
            "tensor \"w\": data_offsets is [0, 8], the file has only 4 bytes of data (truncated?)");
}

TEST(SafetensorsFile, RefusesOverlappingTensors) {
  EXPECT_EQ(refusal(file_of(R"({"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},)"
                            R"("b":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}})",
                            "1234")),
            "tensor \"b\": its data overlaps that of \"a\"");
  EXPECT_EQ(refusal(file_of(R"({"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},)"
                            R"("b":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}})",
                            "1234")),
            "tensor \"b\": its data overlaps that of \"a\"");
}

TEST(SafetensorsFile, RefusesAnUnknownType) {
  EXPECT_EQ(refusal(file_of(R"({"w":{"dtype":"F8_E5M2","shape":[1],"data_offsets":[0,1]}})", "1")),
            "tensor \"w\": type is \"F8_E5M2\", expected one of F64, F32, F16, BF16, I64, I32, "
            "I16, I8, U8, BOOL");
  EXPECT_EQ(refusal(file_of(R"({"w":{"dtype":3,"shape":[1],"data_offsets":[0,1]}})", "1")),
            "tensor \"w\": dtype is not a string");
}

TEST(SafetensorsFile, RefusesNegativeHugeAndBrokenShapes) {
  const auto with_shape = [](const std::string& shape) {
    return refusal(
        file_of(R"({"w":{"dtype":"F32","shape":)" + shape + R"(,"data_offsets":[0,4]}})", "1234"));
  };
  const std::string expected = ", expected whole numbers from 0 to 2^63-1";
  EXPECT_EQ(with_shape("[-1]"), "tensor \"w\": shape has -1" + expected);
  EXPECT_EQ(with_shape("[1.5]"), "tensor \"w\": shape has 1.5" + expected);
  EXPECT_EQ(with_shape("[18446744073709551615]"),
            "tensor \"w\": shape has 18446744073709551615" + expected);
  EXPECT_EQ(with_shape("7"), "tensor \"w\": shape is not an array");
  EXPECT_EQ(with_shape("[4294967296,4294967297]"),
            "tensor \"w\": F32 [4294967296, 4294967297] is larger than any file");
  EXPECT_EQ(with_shape("[2]"), "tensor \"w\": data_offsets [0, 4] hold 4 bytes, F32 [2] needs 8");
  EXPECT_EQ(with_shape("[9223372036854775807,9223372036854775807,0]"),
            "tensor \"w\": data_offsets [0, 4] hold 4 bytes, F32 [9223372036854775807, "
            "9223372036854775807, 0] needs 0");
  EXPECT_EQ(with_shape("[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]"),
            "tensor \"w\": shape has more than 16 dimensions");
}

TEST(SafetensorsFile, RefusesBrokenOffsets) {
  const auto with_offsets = [](const std::string& offsets) {
    return refusal(
        file_of(R"({"w":{"dtype":"U8","shape":[2],"data_offsets":)" + offsets + "}}", "1234"));
  };
  EXPECT_EQ(with_offsets("[3,1]"),
            "tensor \"w\": data_offsets is [3, 1], expected the begin first");
  EXPECT_EQ(with_offsets("[-2,0]"),
            "tensor \"w\": data_offsets is [-2,0], expected two whole numbers from 0 on");
  EXPECT_EQ(with_offsets("[0,1,2]"), "tensor \"w\": data_offsets is not an array of two numbers");
  EXPECT_EQ(with_offsets("[18446744073709551614,18446744073709551615]"),
            "tensor \"w\": data_offsets is [18446744073709551614, 18446744073709551615], the file "
            "has only 4 bytes of data (truncated?)");
}

TEST(SafetensorsFile, RefusesNamesAndFieldsThatStandTwiceOrAreMissing) {
  const std::string entry = R"({"dtype":"U8","shape":[1],"data_offsets":[0,1]})";
  EXPECT_EQ(refusal(file_of(R"({"w":)" + entry + R"(,"w":)" + entry + "}", "1")),
            "tensor \"w\": the name stands twice in the header");
  EXPECT_EQ(refusal(file_of(R"({"w":{"dtype":"U8","dtype":"I8","shape":[1],)"
                            R"("data_offsets":[0,1]}})",
                            "1")),
            "tensor \"w\": entry has \"dtype\" twice");
  EXPECT_EQ(refusal(file_of(R"({"w":{"dtype":"U8","shape":[1]}})")),
            "tensor \"w\": entry has no \"data_offsets\"");
  EXPECT_EQ(refusal(file_of(R"({"w":3})")), "tensor \"w\": entry is not an object");
  EXPECT_EQ(refusal(file_of(R"({"line\nbreak":3})")),
            "tensor \"line\\x0Abreak\": entry is not an object");
}

TEST(SafetensorsFile, RefusesBrokenMetadata) {
  EXPECT_EQ(refusal(file_of(R"({"__metadata__":3})")), "__metadata__ is not an object");
  EXPECT_EQ(refusal(file_of(R"({"__metadata__":{"a":3}})")), "__metadata__ \"a\" is not a string");
  EXPECT_EQ(refusal(file_of(R"({"__metadata__":{"a":"1","a":"2"}})")),
            "__metadata__ has \"a\" twice");
  EXPECT_EQ(refusal(file_of(R"({"__metadata__":{},"__metadata__":{}})")),
            "header has __metadata__ twice");
}

TEST(ToString, WritesAShape) {
  const std::vector<std::int64_t> shape{2304, 16384};
  EXPECT_EQ(to_string(shape), "[2304, 16384]");
  EXPECT_EQ(to_string(std::vector<std::int64_t>{}), "[]");
}

}  // namespace
}  // namespace circuit
