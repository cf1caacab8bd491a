#include "transcoders/weights/vector_file.h"

#include <cstring>
#include <fstream>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"
#include "tests/support/throws.h"
#include "transcoders/weights/safetensors.h"

namespace circuit {
namespace {

using ::testing::ElementsAre;
using testing::message_of;
using testing::TempDir;

template <typename Number>
struct Numbers {
  std::string name;
  Dtype dtype;
  std::vector<std::int64_t> shape;
  std::vector<Number> values;

  TensorToWrite tensor() const { return {name, dtype, shape, std::as_bytes(std::span(values))}; }
};

class VectorFile : public ::testing::Test {
 protected:
  std::filesystem::path write(const std::vector<TensorToWrite>& tensors) {
    const std::filesystem::path path = directory_.path() / "v.safetensors";
    write_safetensors(path, tensors, {});
    return path;
  }
  std::string error_of(const VectorPlace& place, std::optional<std::int64_t> row = {}) {
    const std::string message =
        message_of<std::runtime_error>([&] { (void)read_vector(place, row); });
    const std::string prefix = "[read_vector] " + place.file.string() + ": ";
    EXPECT_EQ(message.substr(0, prefix.size()), prefix);
    return message.substr(std::min(prefix.size(), message.size()));
  }

  TempDir directory_;
};

TEST_F(VectorFile, IsNamedByFileOrFileAndName) {
  EXPECT_EQ(parse_vector_place("a/b.safetensors").file, "a/b.safetensors");
  const VectorPlace named = parse_vector_place("a:b/c.safetensors:v");
  EXPECT_EQ(named.file, "a:b/c.safetensors");
  EXPECT_EQ(named.name, "v");
  const std::filesystem::path odd = directory_.path() / "v:w";
  std::ofstream(odd) << "";
  EXPECT_EQ(parse_vector_place(odd.string()).file, odd);
}

TEST_F(VectorFile, GivesAVectorOrARowInEveryType) {
  const Numbers<float> table{"v", Dtype::kF32, {2, 3}, {1, 2, 3, 4, 5, 6}};
  const Numbers<double> plain{"w", Dtype::kF64, {2}, {0.5, -8}};
  const Numbers<std::uint16_t> f16{"h", Dtype::kF16, {2}, {0x3C00, 0xC000}};
  const Numbers<std::uint16_t> bf16{"b", Dtype::kBF16, {2}, {0x3F80, 0xC000}};
  const auto path = write({table.tensor(), plain.tensor(), f16.tensor(), bf16.tensor()});
  EXPECT_THAT(read_vector({path, "v"}, 1), ElementsAre(4, 5, 6));
  EXPECT_THAT(read_vector({path, "w"}), ElementsAre(0.5F, -8));
  EXPECT_THAT(read_vector({path, "w"}, 7), ElementsAre(0.5F, -8));
  EXPECT_THAT(read_vector({path, "h"}), ElementsAre(1, -2));
  EXPECT_THAT(read_vector({path, "b"}), ElementsAre(1, -2));
}

TEST_F(VectorFile, TakesTheOnlyOneWithoutAName) {
  const Numbers<float> vector{"joy", Dtype::kF32, {2}, {1, 2}};
  const Numbers<float> count{"joy.count", Dtype::kF32, {1}, {40}};
  EXPECT_THAT(read_vector({write({vector.tensor(), count.tensor()}), ""}), ElementsAre(1, 2));
}

TEST_F(VectorFile, SaysWhatIsWrong) {
  const Numbers<float> table{"v", Dtype::kF32, {2, 2}, {1, 2, 3, 4}};
  const Numbers<float> bad{"n", Dtype::kF32, {2}, {1, std::numeric_limits<float>::infinity()}};
  const Numbers<std::int32_t> whole{"i", Dtype::kI32, {1}, {1}};
  const auto path = write({table.tensor(), bad.tensor(), whole.tensor()});
  EXPECT_EQ(error_of({path, ""}), "it holds 3 tensors (i, n, v), expected one, or FILE:NAME");
  EXPECT_EQ(error_of({path, "x"}), "there is no tensor 'x', it holds i, n, v");
  EXPECT_EQ(error_of({path, "v"}), "v is [2, 2], expected [d_model]");
  EXPECT_EQ(error_of({path, "v"}, 2), "v has 2 rows, row 2 is asked for");
  EXPECT_EQ(error_of({path, "n"}, 0), "n: number 1 is not finite");
  EXPECT_EQ(error_of({path, "i"}), "i is I32, expected F32, F64, F16 or BF16");
}

}  // namespace
}  // namespace circuit
