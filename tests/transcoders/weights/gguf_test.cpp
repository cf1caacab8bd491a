#include "transcoders/weights/gguf.h"

#include <cstring>
#include <optional>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/gguf_writer.h"
#include "tests/support/temp_dir.h"
#include "tests/support/throws.h"
#include "transcoders/weights/safetensors.h"

namespace circuit {
namespace {

using testing::bytes_of;
using testing::counted;
using testing::GgufWriter;
using testing::message_of;
using testing::TempDir;
using testing::write_text;

GgufFile opened(const TempDir& directory, const GgufWriter& writer) {
  writer.write(directory / "a.gguf");
  return GgufFile::open(directory / "a.gguf");
}

/// Opens a file with these bytes; the message without `[open_gguf] PATH: `.
std::string refusal(const std::string& bytes) {
  const TempDir directory;
  const auto path = directory / "bad.gguf";
  write_text(path, bytes);
  const std::string message = message_of<std::runtime_error>([&] { GgufFile::open(path); });
  const std::string start = "[open_gguf] " + path.string() + ": ";
  return message.starts_with(start) ? message.substr(start.size()) : message;
}

std::string refusal(const GgufWriter& writer) { return refusal(writer.bytes()); }

std::string start_of(std::uint64_t n_tensors, std::uint64_t n_keys, std::uint32_t version = 3) {
  return "GGUF" + bytes_of(version) + bytes_of(n_tensors) + bytes_of(n_keys);
}

TEST(GgufFile, ShowsValuesOfEveryType) {
  GgufWriter writer;
  writer.raw("u8", GgufValueType::kU8, bytes_of(std::uint8_t{255}));
  writer.raw("i8", GgufValueType::kI8, bytes_of(std::int8_t{-128}));
  writer.raw("u16", GgufValueType::kU16, bytes_of(std::uint16_t{65535}));
  writer.raw("i16", GgufValueType::kI16, bytes_of(std::int16_t{-32768}));
  writer.raw("u32", GgufValueType::kU32, bytes_of(std::uint32_t{4294967295U}));
  writer.raw("i32", GgufValueType::kI32, bytes_of(std::int32_t{-7}));
  writer.raw("u64", GgufValueType::kU64, bytes_of(std::uint64_t{1} << 40U));
  writer.raw("i64", GgufValueType::kI64, bytes_of(-(std::int64_t{1} << 40)));
  writer.raw("f64", GgufValueType::kF64, bytes_of(0.1));
  writer.number("f32", 0.1F);
  writer.boolean("yes", true);
  writer.boolean("no", false);
  writer.text("text", "llama");
  writer.text("empty", "");
  const TempDir directory;
  const GgufFile file = opened(directory, writer);
  EXPECT_EQ(file.version(), 3U);
  EXPECT_EQ(file.integer("u8"), 255);
  EXPECT_EQ(file.integer("i8"), -128);
  EXPECT_EQ(file.integer("u16"), 65535);
  EXPECT_EQ(file.integer("i16"), -32768);
  EXPECT_EQ(file.integer("u32"), 4294967295);
  EXPECT_EQ(file.integer("i32"), -7);
  EXPECT_EQ(file.integer("u64"), std::int64_t{1} << 40);
  EXPECT_EQ(file.integer("i64"), -(std::int64_t{1} << 40));
  EXPECT_EQ(file.number("f64"), 0.1);
  EXPECT_EQ(file.number("f32"), double{0.1F});
  EXPECT_EQ(file.number("i32"), -7.0);
  EXPECT_EQ(file.boolean("yes"), true);
  EXPECT_EQ(file.boolean("no"), false);
  EXPECT_EQ(file.text("text"), "llama");
  EXPECT_EQ(file.text("empty"), "");
  EXPECT_FALSE(file.integer("none").has_value());
  EXPECT_FALSE(file.has("none"));
  EXPECT_EQ(file.metadata().size(), 14U);
  EXPECT_EQ(file.metadata().front().key, "empty");
}

TEST(GgufFile, ShowsArraysWithoutCopies) {
  GgufWriter writer;
  writer.texts("tokens", {"<s>", "", "\xFF\0x"});
  writer.integers("types", {3, -1});
  writer.numbers("scores", {0.5F, -2.F});
  writer.integers("none", {});
  const TempDir directory;
  const GgufFile file = opened(directory, writer);
  const auto tokens = file.require_texts("tokens");
  EXPECT_EQ(tokens, (std::vector<std::string_view>{"<s>", "", "\xFF"}));
  EXPECT_EQ(tokens[0].data(), file.texts("tokens")->at(0).data());
  EXPECT_EQ(file.array("types")->integer(1), -1);
  EXPECT_EQ(file.array("scores")->number(1), -2.0);
  EXPECT_EQ(file.array("scores")->size, 2U);
  EXPECT_EQ(file.array("none")->size, 0U);
  EXPECT_EQ(message_of<std::invalid_argument>([&] { file.array("types")->integer(2); }),
            "[read_gguf] element 2 of 2 i32 values, expected an integer");
  EXPECT_EQ(message_of<std::invalid_argument>([&] { file.array("scores")->integer(0); }),
            "[read_gguf] element 0 of 2 f32 values, expected an integer");
  EXPECT_EQ(message_of<std::invalid_argument>([&] { file.array("tokens")->number(0); }),
            "[read_gguf] element 0 of 3 string values, expected a number");
  EXPECT_EQ(message_of<std::invalid_argument>([&] { file.array("types")->texts(); }),
            "[read_gguf] element 0 of 2 i32 values, expected strings");
}

TEST(GgufFile, PassesOverNestedArrays) {
  const std::string inner = bytes_of(static_cast<std::uint32_t>(GgufValueType::kU16)) +
                            bytes_of(std::uint64_t{2}) + std::string("\1\0\2\0", 4);
  GgufWriter writer;
  writer.raw_array("nested", GgufValueType::kArray, 2, inner + inner);
  writer.integer("after", 9);
  const TempDir directory;
  const GgufFile file = opened(directory, writer);
  EXPECT_EQ(file.array("nested")->size, 2U);
  EXPECT_EQ(file.array("nested")->bytes.size(), 32U);
  EXPECT_EQ(file.integer("after"), 9);
}

TEST(GgufFile, ShowsTensorsOutermostSizeFirst) {
  GgufWriter writer;
  writer.version = 2;
  const std::vector<float> values{1, 2, 3, 4, 5, 6};
  writer.tensor("w", std::vector<std::int64_t>{2, 3}, values);
  writer.tensor("q", GgmlType::kQ4_1, std::vector<std::int64_t>{3, 64}, std::string(120, 'q'));
  writer.tensor("empty", GgmlType::kF16, std::vector<std::int64_t>{0, 7}, "");
  writer.tensor("scalar", GgmlType::kI8, {}, "x");
  const TempDir directory;
  const GgufFile file = opened(directory, writer);
  EXPECT_EQ(file.version(), 2U);
  ASSERT_EQ(file.tensors().size(), 4U);
  EXPECT_EQ(file.tensors().front().name, "empty");
  const GgufTensorView& w = file.view("w");
  EXPECT_EQ(w.type, GgmlType::kF32);
  EXPECT_EQ(to_string(w.shape()), "[2, 3]");
  EXPECT_EQ(w.elements(), 6);
  ASSERT_EQ(w.bytes.size(), 24U);
  EXPECT_EQ(std::memcmp(w.bytes.data(), values.data(), 24), 0);
  EXPECT_EQ(file.view("q").bytes.size(), 120U);
  EXPECT_EQ(file.view("q").bytes[0], std::byte{'q'});
  EXPECT_EQ(file.view("empty").elements(), 0);
  EXPECT_EQ(file.view("scalar").elements(), 1);
  EXPECT_EQ(file.view("scalar").bytes[0], std::byte{'x'});
  EXPECT_TRUE(file.contains("w"));
  EXPECT_FALSE(file.contains("v"));
  EXPECT_EQ(message_of<std::runtime_error>([&] { file.view("v"); }),
            "[read_tensor] " + file.path().string() + ": no tensor \"v\" among 4");
}

TEST(GgufFile, HonoursTheAlignmentOfTheFile) {
  GgufWriter writer;
  writer.alignment = 128;
  writer.integer("general.alignment", 128);
  writer.tensor("a", GgmlType::kI8, std::vector<std::int64_t>{1}, "a");
  writer.tensor("b", GgmlType::kI8, std::vector<std::int64_t>{1}, "b");
  const TempDir directory;
  EXPECT_EQ(opened(directory, writer).view("b").bytes[0], std::byte{'b'});
}

TEST(GgufFile, CopiesKeepTheMappingAlive) {
  GgufWriter writer;
  writer.text("key", "value");
  const TempDir directory;
  std::optional<GgufFile> file = opened(directory, writer);
  const GgufFile copy = *file;
  file.reset();
  std::filesystem::remove(directory / "a.gguf");
  EXPECT_EQ(copy.text("key"), "value");
}

TEST(GgufFile, RecognisesFilesByNameOrBeginning) {
  const TempDir directory;
  write_text(directory / "blob", "GGUF");
  write_text(directory / "short", "GG");
  EXPECT_TRUE(GgufFile::recognises("not/there.gguf"));
  EXPECT_TRUE(GgufFile::recognises(directory / "blob"));
  EXPECT_FALSE(GgufFile::recognises(directory / "short"));
  EXPECT_FALSE(GgufFile::recognises(directory / "none"));
  EXPECT_FALSE(GgufFile::recognises(directory.path()));
}

TEST(GgufFile, NamesAKeyOfAnotherType) {
  GgufWriter writer;
  writer.text("text", "x");
  writer.integers("list", {1});
  writer.raw("large", GgufValueType::kU64, bytes_of(~std::uint64_t{0}));
  const TempDir directory;
  const GgufFile file = opened(directory, writer);
  const std::string start = "[read_gguf] " + file.path().string() + ": ";
  const auto message = [&](auto&& action) { return message_of<std::runtime_error>(action); };
  EXPECT_EQ(message([&] { file.integer("text"); }),
            start + "key text is of type string, expected an integer");
  EXPECT_EQ(message([&] { file.integer("large"); }),
            start + "key large is of type u64, expected an integer");
  EXPECT_EQ(message([&] { file.number("list"); }),
            start + "key list is an array of i32, expected a number");
  EXPECT_EQ(message([&] { file.boolean("text"); }),
            start + "key text is of type string, expected true or false");
  EXPECT_EQ(message([&] { file.text("list"); }),
            start + "key list is an array of i32, expected a string");
  EXPECT_EQ(message([&] { file.array("text"); }),
            start + "key text is of type string, expected an array");
  EXPECT_EQ(message([&] { file.texts("list"); }),
            start + "key list is an array of i32, expected an array of strings");
  EXPECT_EQ(message([&] { file.require_integer("none"); }),
            start + "has no key none, expected an integer");
  EXPECT_EQ(message([&] { file.require_number("none"); }),
            start + "has no key none, expected a number");
  EXPECT_EQ(message([&] { file.require_text("none"); }),
            start + "has no key none, expected a string");
  EXPECT_EQ(message([&] { file.require_texts("none"); }),
            start + "has no key none, expected an array of strings");
}

TEST(GgufFile, RefusesWhatIsNoGgufFile) {
  EXPECT_EQ(refusal(""),
            "the magic number at byte 0 needs 4 bytes, the file has 0 there (truncated, or not a "
            "GGUF file)");
  EXPECT_EQ(refusal("PK\3\4abcd"), "does not begin with \"GGUF\"");
  EXPECT_EQ(refusal(start_of(0, 0, 1)), "is of version 1, expected 2 or 3");
  EXPECT_EQ(refusal(start_of(0, 0, 4)), "is of version 4, expected 2 or 3");
  EXPECT_EQ(refusal(start_of(0, 0, 3U << 24U)), "is big-endian, expected little-endian");
  EXPECT_EQ(refusal(start_of(0, 0)), "nothing was thrown");
}

TEST(GgufFile, RefusesCountsThatTheFileCannotHold) {
  EXPECT_EQ(refusal(start_of(~std::uint64_t{0}, 0)),
            "the number of tensors is 18446744073709551615, more than the 8 bytes after it can "
            "hold");
  EXPECT_EQ(refusal(start_of(0, 5) + std::string(64, '\0')),
            "the number of keys is 5, more than the 64 bytes after it can hold");
  GgufWriter writer;
  writer.raw_array("a", GgufValueType::kU64, std::size_t{1} << 61U, "12345678");
  EXPECT_EQ(refusal(writer),
            "the length of array \"a\" is 2305843009213693952, more than the 15 bytes after it "
            "can hold");
}

TEST(GgufFile, RefusesTextsThatLeaveTheFile) {
  EXPECT_EQ(refusal(start_of(0, 1) + bytes_of(~std::uint64_t{0}) + "keykeykey"),
            "a key at byte 32 needs 18446744073709551615 bytes, the file has 9 there (truncated, "
            "or not a GGUF file)");
  GgufWriter writer;
  writer.raw("k", GgufValueType::kText, bytes_of(std::uint64_t{1} << 20U));
  EXPECT_EQ(refusal(writer),
            "a string at byte 45 needs 1048576 bytes, the file has 19 there (truncated, or not a "
            "GGUF file)");
}

TEST(GgufFile, RefusesTypesThatAreNotInTheFormat) {
  GgufWriter value;
  value.raw("k", static_cast<GgufValueType>(13), "0123");
  EXPECT_EQ(refusal(value), "key \"k\" has type 13, expected 0 to 12");
  GgufWriter element;
  element.raw_array("k", static_cast<GgufValueType>(~0U), 0, "");
  EXPECT_EQ(refusal(element), "key \"k\" has type 4294967295, expected 0 to 12");
  GgufWriter tensor;
  tensor.tensor("w", static_cast<GgmlType>(4), std::vector<std::int64_t>{32}, "");
  EXPECT_EQ(refusal(tensor), "tensor \"w\" has type 4, which is not known");
}

TEST(GgufFile, RefusesArraysNestedWithoutEnd) {
  std::string bytes;
  for (int i = 0; i < 1000; ++i) {
    bytes +=
        bytes_of(static_cast<std::uint32_t>(GgufValueType::kArray)) + bytes_of(std::uint64_t{1});
  }
  GgufWriter writer;
  writer.raw("deep", GgufValueType::kArray, bytes);
  EXPECT_EQ(refusal(writer), "key \"deep\" nests arrays deeper than 8");
}

TEST(GgufFile, RefusesNamesThatStandTwice) {
  GgufWriter keys;
  keys.integer("k", 1);
  keys.integer("k", 1);
  EXPECT_EQ(refusal(keys), "key \"k\" stands twice");
  GgufWriter tensors;
  tensors.tensor("w", GgmlType::kI8, std::vector<std::int64_t>{1}, "a");
  tensors.tensor("w", GgmlType::kI8, std::vector<std::int64_t>{1}, "a");
  EXPECT_EQ(refusal(tensors), "tensor \"w\" stands twice");
}

TEST(GgufFile, RefusesAnAlignmentThatIsNoPowerOfTwo) {
  for (const std::uint32_t alignment : {0U, 24U}) {
    GgufWriter writer;
    writer.integer("general.alignment", alignment);
    EXPECT_EQ(refusal(writer),
              "general.alignment is " + std::to_string(alignment) + ", expected a power of two");
  }
}

TEST(GgufFile, RefusesTensorsThatDoNotFit) {
  const auto one = [](GgmlType type, std::vector<std::int64_t> shape, const std::string& bytes) {
    GgufWriter writer;
    writer.tensor("w", type, shape, bytes);
    return writer;
  };
  EXPECT_EQ(refusal(one(GgmlType::kF32, {1, 1, 1, 1, 1}, "1234")),
            "tensor \"w\" has 5 axes, expected at most 4");
  EXPECT_EQ(refusal(one(GgmlType::kQ4_1, {2, 33}, std::string(40, 'a'))),
            "tensor \"w\" is Q4_1 [2, 33], expected rows of whole blocks of 32");
  EXPECT_EQ(refusal(one(GgmlType::kF32, {-1}, "1234")),
            "tensor \"w\" has size 18446744073709551615, more than the file can hold");
  EXPECT_EQ(refusal(one(GgmlType::kF32, {std::int64_t{1} << 62, 4, 1}, "1234")),
            "tensor \"w\" is F32 [4611686018427387904, 4, 1], more than the file can hold");
  EXPECT_EQ(refusal(one(GgmlType::kQ6_K, {1, 1 << 20}, "1234")),
            "tensor \"w\" is Q6_K [1, 1048576], more than the file can hold");
  EXPECT_EQ(refusal(one(GgmlType::kF32, {9}, "1234")),
            "tensor \"w\" is F32 [9], more than the file can hold");
  // A second tensor, whose data is cut off.
  GgufWriter two;
  two.tensor("a", GgmlType::kI8, std::vector<std::int64_t>{32}, std::string(32, 'a'));
  two.tensor("b", GgmlType::kI8, std::vector<std::int64_t>{32}, std::string(32, 'b'));
  const std::string bytes = two.bytes();
  EXPECT_EQ(refusal(bytes.substr(0, bytes.size() - 1)),
            "tensor \"b\" needs 32 bytes from 32 on, the file holds 63 bytes of tensors "
            "(truncated?)");
}

TEST(GgufFile, RefusesTensorsThatOverlapOrAreNotAligned) {
  GgufWriter writer;
  writer.tensor("a", GgmlType::kI8, std::vector<std::int64_t>{40}, std::string(40, 'a'));
  writer.tensor("b", GgmlType::kI8, std::vector<std::int64_t>{8}, std::string(8, 'b'));
  std::string bytes = writer.bytes();
  // The offset of "b" is the last number of the header.
  const std::size_t place = bytes.rfind(bytes_of(std::uint64_t{64}));
  ASSERT_NE(place, std::string::npos);
  EXPECT_EQ(refusal(std::string(bytes).replace(place, 8, bytes_of(std::uint64_t{32}))),
            "tensor \"b\" overlaps \"a\"");
  EXPECT_EQ(refusal(std::string(bytes).replace(place, 8, bytes_of(std::uint64_t{63}))),
            "tensor \"b\" lies at 63, expected a multiple of 32");
  EXPECT_EQ(refusal(std::string(bytes).replace(place, 8, bytes_of(std::uint64_t{0} - 32))),
            "tensor \"b\" needs 8 bytes from 18446744073709551584 on, the file holds 96 bytes of "
            "tensors (truncated?)");
}

TEST(GgufFile, RefusesEveryTruncationOfAFileWithOneLine) {
  GgufWriter writer;
  writer.text("general.architecture", "llama");
  writer.texts("tokens", {"a", "b"});
  writer.tensor("w", GgmlType::kQ8_0, std::vector<std::int64_t>{2, 32}, std::string(68, 'w'));
  const std::string bytes = writer.bytes();
  const std::size_t end_of_tensors = bytes.size() - 28;  // the rest is padding
  for (std::size_t size = 0; size < end_of_tensors; ++size) {
    const std::string message = refusal(bytes.substr(0, size));
    EXPECT_NE(message, "nothing was thrown") << size;
    EXPECT_EQ(message.find('\n'), std::string::npos) << size;
  }
}

}  // namespace
}  // namespace circuit
