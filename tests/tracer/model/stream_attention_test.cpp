#include "tracer/model/stream_attention.h"

#include <vector>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"
#include "tests/support/tiny_model.h"
#include "tracer/model/live_forward.h"

namespace circuit::testing {
namespace {

struct Streams {
  Streams(const Model& model, const std::vector<std::vector<std::int32_t>>& texts) {
    for (const auto& text : texts) {
      live.emplace_back(model, model.config.max_positions);
      live.back().append(text);
    }
    for (LiveForward& stream : live) pointers.push_back(&stream);
  }
  std::vector<LiveForward> live;
  std::vector<LiveForward*> pointers;
};

const std::vector<std::vector<std::int32_t>> kTexts = {{1, 5, 9, 30, 2, 11, 7}, {1}, {1, 8, 3}};

// Two further tokens of each of three streams of different lengths.
TEST(StreamAttention, GivesEachStreamItsLogitsInEveryFamily) {
  for (const NamedModelSpec& tiny : all_tiny_models()) {
    SCOPED_TRACE(tiny.name);
    const TempDir folder;
    write_tiny_model(folder / "model", tiny.spec);
    const Model model = load_model(folder / "model", at::kDouble);
    Streams streams(model, kTexts);
    auto texts = kTexts;
    const std::vector<SiteVisitor*> visitors(3);
    for (const std::vector<std::int32_t>& ids : {std::vector{4, 6, 12}, std::vector{13, 14, 15}}) {
      const at::Tensor logits = LiveForward::append_each(streams.pointers, ids, visitors);
      for (std::size_t i = 0; i < texts.size(); ++i) {
        texts[i].push_back(ids[i]);
        const at::Tensor expected = forward(model, texts[i]).logits[0];
        const at::Tensor row = logits[static_cast<std::int64_t>(i)];
        EXPECT_LT((row - expected).abs().max().item<double>(), 1e-10);
        EXPECT_EQ(streams.live[i].n_positions(), static_cast<std::int64_t>(texts[i].size()));
      }
    }
  }
}

TEST(StreamAttention, LeavesAForkAsItWas) {
  const TempDir folder;
  write_tiny_model(folder / "model", {.family = &find_architecture("LlamaForCausalLM", "llama")});
  const Model model = load_model(folder / "model", at::kDouble);
  LiveForward live(model, 20);
  live.append(std::vector<std::int32_t>{1, 5, 9});
  LiveForward fork = live.fork();
  LiveForward* const streams[] = {&live};
  SiteVisitor* const visitors[] = {nullptr};
  LiveForward::append_each(streams, std::vector<std::int32_t>{6}, visitors);
  EXPECT_EQ(fork.n_positions(), 3);
  const at::Tensor logits = fork.append(std::vector<std::int32_t>{7});
  const at::Tensor expected = forward(model, std::vector<std::int32_t>{1, 5, 9, 7}).logits;
  EXPECT_LT((logits - expected).abs().max().item<double>(), 1e-10);
}

}  // namespace
}  // namespace circuit::testing
