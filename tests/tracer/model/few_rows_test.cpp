#include "tracer/model/few_rows.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tracer/machine/threads.h"

namespace circuit::testing {
namespace {

struct Shape {
  std::int64_t in, out;
};
// With remainders of every block: of inputs, outputs, tasks.
const std::vector<Shape> kShapes = {{1, 1}, {3, 5}, {8, 64}, {37, 66}, {64, 131}, {576, 70}};

// As the weight lies in files of most families, and as in GPT-2's.
at::Tensor weight_of(const Shape& shape, bool input_major, at::ScalarType type) {
  at::manual_seed(7);
  const at::Tensor weight = at::randn({shape.out, shape.in}, at::kDouble).to(type);
  return input_major ? weight.t().contiguous().t() : weight;
}

at::Tensor rows_of(std::int64_t rows, std::int64_t in, at::ScalarType type) {
  at::manual_seed(8);
  return at::randn({rows, in}, at::kDouble).to(type);
}

// The error of n products added up in a type is at most about n roundings of the sum of magnitudes.
void expect_product(const at::Tensor& found, const at::Tensor& x, const at::Tensor& weight,
                    double rounding) {
  const at::Tensor a = x.to(at::kDouble), b = weight.to(at::kDouble).t();
  const at::Tensor limit = at::mm(a.abs(), b.abs()) * rounding * static_cast<double>(x.size(1) + 1);
  EXPECT_TRUE(((found.to(at::kDouble) - at::mm(a, b)).abs() <= limit).all().item<bool>());
}

TEST(FewRows, AreTheProduct) {
  for (const Shape& shape : kShapes) {
    for (const std::int64_t rows : {1, 2, 3, 4, 5, 64}) {
      for (const bool input_major : {false, true}) {
        SCOPED_TRACE(std::to_string(shape.in) + " -> " + std::to_string(shape.out) + ", " +
                     std::to_string(rows) + (input_major ? " rows, input major" : " rows"));
        for (const at::ScalarType type : {at::kFloat, at::kDouble}) {
          const at::Tensor weight = weight_of(shape, input_major, type);
          const at::Tensor x = rows_of(rows, shape.in, type);
          ASSERT_TRUE(are_few_rows(x, weight));
          expect_product(few_rows_product(x, weight), x, weight,
                         type == at::kFloat ? 0x1p-24 : 0x1p-53);
        }
        const at::Tensor weight = weight_of(shape, input_major, at::kBFloat16);
        const at::Tensor x = rows_of(rows, shape.in, at::kFloat);
        expect_product(few_rows_product(x, weight), x.to(at::kBFloat16), weight, 0x1p-24);
      }
    }
  }
}

TEST(FewRows, AreTheSameBitsAloneAndForAnyNumberOfThreads) {
  for (const at::ScalarType type : {at::kFloat, at::kDouble, at::kBFloat16}) {
    for (const bool input_major : {false, true}) {
      const at::Tensor weight = weight_of({93, 150}, input_major, type);
      const at::Tensor x = rows_of(11, 93, type == at::kDouble ? at::kDouble : at::kFloat);
      const at::Tensor together = few_rows_product(x, weight);
      for (std::int64_t row = 0; row < x.size(0); ++row) {
        EXPECT_TRUE(together[row].equal(few_rows_product(x.narrow(0, row, 1), weight)[0]));
      }
      for (const int threads : {1, 3}) {
        const ThreadScope scope(threads);
        EXPECT_TRUE(together.equal(few_rows_product(x, weight)));
      }
    }
  }
}

TEST(FewRows, AreNotManyNorOfStridedWeights) {
  const at::Tensor weight = at::zeros({10, 8});
  EXPECT_TRUE(are_few_rows(at::zeros({64, 8}), weight));
  EXPECT_FALSE(are_few_rows(at::zeros({65, 8}), weight));
  EXPECT_FALSE(are_few_rows(at::zeros({1, 4}), weight.slice(1, 0, 8, 2)));
}

}  // namespace
}  // namespace circuit::testing
