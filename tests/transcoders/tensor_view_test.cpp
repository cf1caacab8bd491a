#include "transcoders/tensor_view.h"

#include <array>
#include <cstring>
#include <fstream>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"
#include "tests/support/tensor_file.h"
#include "tests/support/throws.h"

namespace circuit {
namespace {

using testing::message_of;
using testing::NamedTensors;
using testing::TempDir;
using testing::write_tensors;
using testing::write_text;

constexpr std::array kMatrix{std::int64_t{3}, std::int64_t{2}};

/// A file in a directory of its own.
class TensorViewFile : public ::testing::Test {
 protected:
  SafetensorsFile open(const NamedTensors& tensors) const {
    write_tensors(path(), tensors);
    return SafetensorsFile::open(path());
  }
  std::filesystem::path path() const { return directory_ / "x.safetensors"; }

 private:
  TempDir directory_;
};

at::Tensor indices(const std::vector<std::int64_t>& values) {
  return at::tensor(values, at::TensorOptions().dtype(at::kLong));
}

at::Tensor numbers() { return at::arange(6, at::TensorOptions().dtype(at::kFloat)).view({3, 2}); }

/// Python's writer pads its header; others do not, and tensors then start at odd addresses.
SafetensorsFile open_misaligned(const std::filesystem::path& path) {
  std::string header = R"({"x":{"dtype":"F32","shape":[3,2],"data_offsets":[0,24]}})";
  while (header.size() % 4 != 1) header += ' ';
  std::string text(8, '\0');
  text[0] = static_cast<char>(header.size());
  text += header;
  text.append(static_cast<const char*>(numbers().data_ptr()), 24);
  write_text(path, text);
  return SafetensorsFile::open(path);
}

TEST_F(TensorViewFile, MapsEveryTypeAndShape) {
  for (const at::ScalarType type : {at::kDouble, at::kFloat, at::kHalf, at::kBFloat16, at::kLong,
                                    at::kInt, at::kShort, at::kChar, at::kByte, at::kBool}) {
    for (const std::vector<std::int64_t>& shape :
         {std::vector<std::int64_t>{}, {4}, {2, 3}, {2, 0, 5}}) {
      const at::Tensor written = at::arange(24).narrow(0, 0, at::ones(shape).numel()).view(shape);
      const at::Tensor typed = written.to(type);
      const at::Tensor mapped = map_tensor(open({{"x", typed}}), "x");
      EXPECT_EQ(mapped.scalar_type(), type);
      EXPECT_TRUE(at::equal(mapped, typed)) << type << " " << typed.sizes();
    }
  }
}

TEST_F(TensorViewFile, KeepsTheMappingAliveWithoutTheFile) {
  at::Tensor mapped;
  {
    const SafetensorsFile file = open({{"x", numbers()}});
    mapped = map_tensor(file, "x");
    EXPECT_EQ(mapped.data_ptr(), static_cast<const void*>(file.view("x").bytes.data()));
  }
  std::filesystem::remove(path());
  EXPECT_TRUE(at::equal(mapped, numbers()));
}

TEST_F(TensorViewFile, LoadsWithoutACopyWhenTheTypeFits) {
  const SafetensorsFile file = open({{"x", numbers()}});
  const at::Tensor same = load_tensor("test", file, "x", kMatrix, at::kFloat);
  EXPECT_EQ(same.data_ptr(), static_cast<const void*>(file.view("x").bytes.data()));
  const at::Tensor wider = load_tensor("test", file, "x", kMatrix, at::kDouble);
  EXPECT_EQ(wider.scalar_type(), at::kDouble);
  EXPECT_TRUE(at::equal(wider, numbers().to(at::kDouble)));
}

TEST_F(TensorViewFile, ReadsMisalignedTensors) {
  const SafetensorsFile file = open_misaligned(path());
  ASSERT_NE(reinterpret_cast<std::uintptr_t>(file.view("x").bytes.data()) % 4, 0U);
  EXPECT_TRUE(at::equal(map_tensor(file, "x"), numbers()));
  EXPECT_TRUE(at::equal(gather_rows("test", file, "x", indices({2, 0})),
                        numbers().index_select(0, indices({2, 0}))));
}

TEST_F(TensorViewFile, NamesFileAndTensorInErrors) {
  const SafetensorsFile file = open({{"x", numbers()}, {"n", indices({1, 2, 3})}});
  const auto refusal = [&](const char* name, std::vector<std::int64_t> shape) {
    return message_of<std::runtime_error>(
        [&] { load_tensor("test", file, name, shape, at::kFloat); });
  };
  const std::string start = "[test] " + path().string() + ": ";
  EXPECT_EQ(refusal("x", {3, 4}), start + "tensor x is [3, 2], expected [3, 4]");
  EXPECT_EQ(refusal("x", {-1, 4}), start + "tensor x is [3, 2], expected [any, 4]");
  EXPECT_EQ(refusal("x", {6}), start + "tensor x is [3, 2], expected [6]");
  EXPECT_EQ(refusal("y", {3, 2}), start + "no tensor y");
  EXPECT_EQ(refusal("n", {3}), start + "tensor n is I64, expected F64, F32, F16 or BF16");
  EXPECT_NO_THROW(load_tensor("test", file, "x", std::array<std::int64_t, 2>{-1, 2}, at::kFloat));
}

TEST_F(TensorViewFile, GathersRowsInTheOrderAskedFor) {
  const at::Tensor values = at::arange(24).view({4, 3, 2}).to(at::kBFloat16);
  const SafetensorsFile file = open({{"x", values}});
  const at::Tensor gathered = gather_rows("test", file, "x", indices({3, 1, 3}));
  EXPECT_EQ(gathered.scalar_type(), at::kBFloat16);
  EXPECT_TRUE(at::equal(gathered, values.index_select(0, indices({3, 1, 3}))));
  const at::Tensor none = gather_rows("test", file, "x", indices({}));
  EXPECT_EQ(none.sizes(), (std::vector<std::int64_t>{0, 3, 2}));
}

TEST_F(TensorViewFile, GathersOnePartOfEachRow) {
  const at::Tensor values = at::arange(24).view({4, 3, 2}).to(at::kFloat);
  const SafetensorsFile file = open({{"x", values}});
  for (const std::int64_t part : {0, 1, 2}) {
    EXPECT_TRUE(at::equal(gather_rows("test", file, "x", indices({3, 1, 3}), part),
                          values.select(1, part).index_select(0, indices({3, 1, 3}))));
  }
  EXPECT_EQ(gather_rows("test", file, "x", indices({}), 1).sizes(),
            (std::vector<std::int64_t>{0, 2}));
}

// What the process holds of its files, in KiB.
std::int64_t resident_file_pages() {
  std::ifstream status("/proc/self/status");
  std::int64_t kibibytes = 0;
  for (std::string word; status >> word;) {
    if (word == "RssFile:") status >> kibibytes;
  }
  return kibibytes;
}

TEST_F(TensorViewFile, ReleasesThePagesOfAMappedTensorAndReadsThemAgain) {
  const at::Tensor values = at::arange(std::int64_t{8} << 20).to(at::kFloat).view({1024, -1});
  const SafetensorsFile file = open({{"x", values}});
  const at::Tensor mapped = map_tensor(file, "x");
  ASSERT_TRUE(at::equal(mapped, values));
  const std::int64_t before = resident_file_pages();
  release_pages(mapped.select(1, 3));
  EXPECT_LT(resident_file_pages(), before - 24 * 1024);
  EXPECT_TRUE(at::equal(mapped, values));
}

TEST_F(TensorViewFile, LeavesMemoryAloneThatIsNotMapped) {
  const at::Tensor values = at::arange(std::int64_t{1} << 20);
  const at::Tensor copy = values.clone();
  release_pages(values);
  release_pages(at::Tensor());
  EXPECT_TRUE(at::equal(values, copy));
}

TEST_F(TensorViewFile, RefusesRowsThatAreNotThere) {
  const SafetensorsFile file = open({{"x", numbers()}});
  const auto refusal = [&](const at::Tensor& rows) {
    return message_of<std::invalid_argument>([&] { gather_rows("test", file, "x", rows); });
  };
  EXPECT_EQ(refusal(indices({0, 3})), "[test] index 3, tensor x has 3 rows");
  EXPECT_EQ(refusal(indices({-1, 9})), "[test] index -1, tensor x has 3 rows");
  EXPECT_EQ(refusal(indices({1, 2}).view({1, 2})), "[test] indices are [1, 2], expected [any]");
}

TEST_F(TensorViewFile, CountsValuesThatAreNotFinite) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  const SafetensorsFile file = open({{"x", numbers()}});
  for (const at::ScalarType type : {at::kDouble, at::kFloat, at::kHalf, at::kBFloat16}) {
    const at::Tensor good = at::tensor({1.0, -0.0, 6e4, -6e4, 1e-7}).to(type);
    const at::Tensor bad = at::tensor({kNan, 1.0, -kInfinity, kInfinity, -kNan}).to(type);
    EXPECT_TRUE(all_finite(good)) << type;
    EXPECT_FALSE(all_finite(bad)) << type;
    EXPECT_NO_THROW(require_finite("test", file, "x", good));
    EXPECT_EQ(message_of<std::runtime_error>([&] { require_finite("test", file, "x", bad); }),
              "[test] " + path().string() + ": tensor x holds 4 values that are not finite");
  }
  // Every second column only: the tensor is not contiguous.
  const at::Tensor strided = at::tensor({1.0, kNan, 2.0, kNan}).view({2, 2}).select(1, 0);
  EXPECT_TRUE(all_finite(strided));
  EXPECT_TRUE(all_finite(indices({1, 2})));
}

}  // namespace
}  // namespace circuit
