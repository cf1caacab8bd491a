#include "transcoders/weights/npz.h"

#include <cstring>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"
#include "tests/support/throws.h"
#include "tests/support/zip_file.h"
#include "transcoders/weights/weight_file.h"

namespace circuit {
namespace {

using testing::message_of;
using testing::npy_bytes;
using testing::raw_bytes;
using testing::TempDir;
using testing::write_text;
using testing::zip_bytes;
using testing::ZipEntry;

class Npz : public ::testing::Test {
 protected:
  std::shared_ptr<const TensorTable> open(const std::vector<ZipEntry>& entries) const {
    write_text(path(), zip_bytes(entries));
    return open_npz(path());
  }
  /// The message without `[open_npz] PATH: `.
  std::string refusal(const std::vector<ZipEntry>& entries) const {
    const std::string message = message_of<std::runtime_error>([&] { open(entries); });
    const std::string start = "[open_npz] " + path().string() + ": ";
    return message.starts_with(start) ? message.substr(start.size()) : message;
  }
  std::filesystem::path path() const { return directory_ / "params.npz"; }

  TempDir directory_;
};

const std::string kSix = raw_bytes<float>({1, 2, 3, 4, 5, 6});

std::vector<float> floats_of(const TensorView& view) {
  std::vector<float> values(view.bytes.size() / sizeof(float));
  std::memcpy(values.data(), view.bytes.data(), view.bytes.size());
  return values;
}

TEST_F(Npz, HoldsArraysByName) {
  for (const bool deflate : {false, true}) {
    const auto table = open({{"W_enc.npy", npy_bytes("<f4", false, "(3, 2)", kSix), deflate},
                             {"b.npy", npy_bytes("<f4", true, "(2, 3)", kSix), deflate},
                             {"empty.npy", npy_bytes("<f8", false, "(0, 4)", ""), deflate}});
    EXPECT_EQ(table->names(), (std::vector<std::string>{"W_enc", "b", "empty"}));
    const TensorView& view = table->view("W_enc");
    EXPECT_EQ(view.dtype, Dtype::kF32);
    EXPECT_EQ(view.shape, (std::vector<std::int64_t>{3, 2}));
    EXPECT_EQ(floats_of(view), (std::vector<float>{1, 2, 3, 4, 5, 6}));
    EXPECT_FALSE(view.column_major);
    EXPECT_TRUE(table->view("b").column_major);
    EXPECT_TRUE(table->view("empty").bytes.empty());
  }
}

TEST_F(Npz, IsOpenedByItsEnding) {
  write_text(path(), zip_bytes({{"x.npy", npy_bytes("<f4", false, "(6,)", kSix), false}}));
  const WeightFile file = WeightFile::open(path());
  EXPECT_EQ(file.path(), path());
  EXPECT_TRUE(file.contains("x"));
  EXPECT_FALSE(file.contains("y"));
  EXPECT_EQ(message_of<std::runtime_error>([&] { file.view("y"); }),
            "[read_tensor] " + path().string() + ": no tensor \"y\" among 1");
  write_text(directory_ / "x.safetensors", "");
  EXPECT_TRUE(message_of<std::runtime_error>([&] {
                WeightFile::open(directory_ / "x.safetensors");
              }).starts_with("[open_safetensors]"));
}

TEST_F(Npz, OutlivesTheFile) {
  auto table = open({{"x.npy", npy_bytes("<f4", false, "(6,)", kSix), false}});
  std::filesystem::remove(path());
  EXPECT_EQ(floats_of(table->view("x")).back(), 6.0F);
}

TEST_F(Npz, RefusesArraysThatAreNotWhatTheySay) {
  EXPECT_EQ(refusal({{"x.npy", npy_bytes("<f4", false, "(7,)", kSix), false}}),
            "array \"x\": holds 24 bytes, F32 [7] needs 28");
  EXPECT_EQ(refusal({{"x.npy", npy_bytes("<f4", false, "(9223372036854775807, 9)", kSix), false}}),
            "array \"x\": holds 24 bytes, F32 [9223372036854775807, 9] needs 4611686018427387904");
  EXPECT_EQ(refusal({{"x.npy", "text", false}}),
            "array \"x\": is no array: it does not begin with \\x93NUMPY");
  EXPECT_EQ(refusal({{"x.npy", npy_bytes("<f4", false, "(6,)", kSix), false},
                     {"x", npy_bytes("<f4", false, "(6,)", kSix), false}}),
            "array \"x\": the name stands twice");
}

TEST_F(Npz, RefusesFilesThatAreNoZip) {
  write_text(path(), "PK");
  EXPECT_EQ(message_of<std::runtime_error>([&] { open_npz(path()); }),
            "[open_npz] " + path().string() + ": not a zip file: it is too short");
  EXPECT_TRUE(message_of<std::runtime_error>([&] {
                open_npz(directory_ / "none.npz");
              }).starts_with("[open_npz] " + (directory_ / "none.npz").string()));
}

TEST_F(Npz, UnpacksNothingThatGrowsOutOfProportion) {
  const std::string zeros(4 << 20, '\0');
  const std::string shape = "(" + std::to_string(zeros.size()) + ",)";
  EXPECT_EQ(refusal({{"x.npy", npy_bytes("|u1", false, shape, zeros), true}}),
            "its compressed members unpack to more than 4 times the size of the file");
  EXPECT_EQ(refusal({{"x.npy", npy_bytes("|u1", false, shape, zeros), false}}),
            "nothing was thrown");
}

}  // namespace
}  // namespace circuit
