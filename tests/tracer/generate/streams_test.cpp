// Texts written together against each one written alone: the same bits.
#include <memory>
#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"
#include "tests/support/tiny_model.h"
#include "tests/support/tiny_setup.h"
#include "tracer/generate/generate.h"
#include "tracer/machine/threads.h"

namespace circuit::testing {
namespace {

const std::vector<GenerationPrompt> kPrompts = {
    {.ids = {1, 5, 9}}, {.ids = {1, 7}}, {.ids = {1, 2, 3, 4, 30, 31, 32, 33}}};

// Five, of which some share a prompt and some end early.
std::vector<GenerationStream> streams() {
  std::vector<GenerationStream> all;
  for (const std::size_t prompt : {0u, 1u, 0u, 2u, 1u}) {
    all.push_back(
        {.prompt = prompt, .sampling = {.temperature = 1, .top_p = 0.9, .seed = 20 + all.size()}});
  }
  all[1].accept = [](const GeneratedToken& token) { return token.id % 4 != 0; };
  return all;
}

void expect_same(const std::vector<GeneratedToken>& a, const std::vector<GeneratedToken>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].id, b[i].id);
    EXPECT_EQ(a[i].probability, b[i].probability);  // no tolerance: the same bits
  }
}

void expect_independent(const Model& model, std::span<const GenerationPrompt> prompts) {
  const std::vector<GenerationStream> all = streams();
  const auto together = generate(model, prompts, all, {.max_tokens = 12});
  ASSERT_EQ(together.size(), all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    SCOPED_TRACE(i);
    expect_same(together[i], generate(model, prompts, {&all[i], 1}, {.max_tokens = 12}).front());
  }
}

TEST(Streams, AreWhatEachIsAloneInEveryFamily) {
  const c10::InferenceMode inference;
  for (const NamedModelSpec& tiny : all_tiny_models()) {
    SCOPED_TRACE(tiny.name);
    const TempDir folder;
    write_tiny_model(folder / "model", tiny.spec);
    expect_independent(load_model(folder / "model"), kPrompts);
  }
}

TEST(Streams, AreWhatEachIsAloneInEveryType) {
  const c10::InferenceMode inference;
  for (const std::string family : {"llama", "gemma2", "gpt2"}) {
    SCOPED_TRACE(family);
    const TempDir folder;
    for (const Architecture* known : architectures()) {
      if (known->model_type == family) write_tiny_model(folder / "model", {.family = known});
    }
    for (const at::ScalarType type : {at::kDouble, at::kBFloat16}) {
      expect_independent(load_model(folder / "model", type), kPrompts);
    }
  }
}

// More than are computed together, in a model that has remainders of every block of a product.
TEST(Streams, AreWhatEachIsAloneHoweverManyThereAre) {
  const c10::InferenceMode inference;
  const TempDir folder;
  write_tiny_model(folder / "model", {.family = &find_architecture("LlamaForCausalLM", "llama"),
                                      .d_model = 70,
                                      .n_heads = 5,
                                      .n_kv_heads = 1,
                                      .d_head = 14,
                                      .d_mlp = 99,
                                      .vocabulary_size = 131});
  const Model model = load_model(folder / "model");
  std::vector<GenerationStream> many;
  for (std::uint64_t i = 0; i < 70; ++i) {
    many.push_back({.prompt = i % 3, .sampling = {.temperature = 1, .seed = i}});
  }
  const auto together = generate(model, kPrompts, many, {.max_tokens = 4});
  ASSERT_EQ(together.size(), many.size());
  for (const std::size_t i : {0u, 1u, 31u, 63u, 64u, 69u}) {
    SCOPED_TRACE(i);
    expect_same(together[i], generate(model, kPrompts, {&many[i], 1}, {.max_tokens = 4}).front());
  }
}

TEST(Streams, AreTheSameForAnyNumberOfThreads) {
  const c10::InferenceMode inference;
  const TinySetup setup(all_tiny_cases().front(), at::kFloat);
  const std::vector<GenerationStream> all = streams();
  std::vector<std::vector<std::vector<GeneratedToken>>> found;
  for (const int threads : {1, 2, 5}) {
    const ThreadScope scope(threads);
    found.push_back(generate(setup.model, kPrompts, all, {.max_tokens = 12}));
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    expect_same(found[0][i], found[1][i]);
    expect_same(found[0][i], found[2][i]);
  }
}

// Adds to the residual stream, more at later positions; its state is of one forward.
class Pusher final : public SiteVisitor {
 public:
  explicit Pusher(double strength) : strength_(strength) {}

  void visit(const SitePlace& place, std::int64_t first_position, at::Tensor& x) override {
    if (place == SitePlace{ModelSite::kResidualPre, 0}) begin_ = first_position;
    if (place != SitePlace{ModelSite::kResidualPost, 1}) return;
    EXPECT_EQ(begin_, first_position);
    at::Tensor pushed = x.clone();
    for (std::int64_t i = 0; i < x.size(0); ++i) {
      pushed[i].narrow(0, 0, 3) += strength_ * static_cast<double>(first_position + i);
    }
    x = pushed;
  }

 private:
  double strength_;
  std::int64_t begin_ = -1;
};

TEST(Streams, HaveVisitorsOfTheirOwn) {
  const c10::InferenceMode inference;
  const TinySetup setup(all_tiny_cases().front(), at::kDouble);
  std::vector<GenerationPrompt> prompts = kPrompts;
  Pusher first(0.4), second(-0.3);
  prompts[0].reading.visitor = &first;
  prompts[0].visitor = [] { return std::make_shared<Pusher>(0.4); };
  prompts[2].reading.visitor = &second;
  prompts[2].visitor = [] { return std::make_shared<Pusher>(-0.3); };
  expect_independent(setup.model, prompts);
  const std::vector<GenerationStream> all = streams();
  const auto pushed = generate(setup.model, prompts, all, {.max_tokens = 12});
  const auto plain = generate(setup.model, kPrompts, all, {.max_tokens = 12});
  expect_same(pushed[1], plain[1]);
  expect_same(pushed[4], plain[4]);
  EXPECT_NE(pushed[0].front().probability, plain[0].front().probability);
  EXPECT_NE(pushed[3].front().probability, plain[3].front().probability);
}

}  // namespace
}  // namespace circuit::testing
