#include "tracer/generate/generate.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include <ATen/ATen.h>

#include "tracer/machine/threads.h"

namespace circuit {
namespace {

struct Text {
  Text(const GenerationStream& from, LiveForward read, std::shared_ptr<SiteVisitor> seen_by)
      : stream(from), live(std::move(read)), visitor(std::move(seen_by)), sampler(from.sampling) {}

  const GenerationStream& stream;
  LiveForward live;
  std::shared_ptr<SiteVisitor> visitor;
  Sampler sampler;
  std::vector<GeneratedToken> tokens;
  GeneratedToken next;  // drawn, not yet taken
  bool has_ended = false;
};

// Reads `logits` [vocabulary], contiguous floats on the CPU.
void draw(Text& text, const at::Tensor& logits) {
  const std::span values(logits.data_ptr<float>(), static_cast<std::size_t>(logits.numel()));
  const std::int32_t id = text.sampler.choose(values);
  const at::Tensor log_sum = logits.logsumexp(0);
  text.next = {
      .id = id,
      .probability = std::exp(values[static_cast<std::size_t>(id)] - log_sum.item<float>())};
}

void take(Text& text, const GenerationLimits& limits) {
  text.has_ended = true;
  if (std::ranges::find(limits.end_ids, text.next.id) != limits.end_ids.end()) return;
  text.tokens.push_back(text.next);
  if (text.stream.accept && !text.stream.accept(text.next)) return;
  text.has_ended = static_cast<std::int64_t>(text.tokens.size()) == limits.max_tokens ||
                   text.live.n_positions() == text.live.capacity();
}

at::Tensor floats_here(const at::Tensor& logits) {
  return logits.to(at::kCPU).to(at::kFloat).contiguous();
}

// The texts of `streams`, each with its first token drawn.
std::vector<Text> begin(const Model& model, std::span<const GenerationPrompt> prompts,
                        std::span<const GenerationStream> streams, std::int64_t max_tokens) {
  struct Read {
    LiveForward live;
    at::Tensor logits;
  };
  std::vector<std::optional<Read>> read(prompts.size());
  std::vector<Text> texts;
  for (const GenerationStream& stream : streams) {
    const GenerationPrompt& prompt = prompts[stream.prompt];
    std::optional<Read>& here = read[stream.prompt];
    if (!here) {
      const auto n = static_cast<std::int64_t>(prompt.ids.size());
      const std::int64_t capacity = std::min(model.config.max_positions, n + max_tokens);
      LiveForward live(model, std::max(capacity, n));
      const at::Tensor logits = live.append(prompt.ids, prompt.reading);
      here.emplace(Read{.live = std::move(live), .logits = floats_here(logits[0])});
    }
    texts.emplace_back(stream, here->live.fork(), prompt.visitor ? prompt.visitor() : nullptr);
    draw(texts.back(), here->logits);
  }
  return texts;
}

// One further token of each.
void go_on(std::span<Text* const> texts) {
  std::vector<LiveForward*> streams;
  std::vector<std::int32_t> ids;
  std::vector<SiteVisitor*> visitors;
  for (Text* text : texts) {
    streams.push_back(&text->live);
    ids.push_back(text->next.id);
    visitors.push_back(text->visitor.get());
  }
  const at::Tensor logits = floats_here(LiveForward::append_each(streams, ids, visitors));
  parallel_tasks(texts.size(),
                 [&](std::size_t i) { draw(*texts[i], logits[static_cast<std::int64_t>(i)]); });
}

std::vector<std::vector<GeneratedToken>> generate_together(
    const Model& model, std::span<const GenerationPrompt> prompts,
    std::span<const GenerationStream> streams, const GenerationLimits& limits) {
  std::vector<Text> texts = begin(model, prompts, streams, limits.max_tokens);
  std::vector<Text*> going;
  for (Text& text : texts) going.push_back(&text);
  while (!going.empty()) {
    for (Text* text : going) take(*text, limits);
    std::erase_if(going, [](const Text* text) { return text->has_ended; });
    if (!going.empty()) go_on(going);
  }
  std::vector<std::vector<GeneratedToken>> tokens;
  for (Text& text : texts) tokens.push_back(std::move(text.tokens));
  return tokens;
}

}  // namespace

std::vector<std::vector<GeneratedToken>> generate(const Model& model,
                                                  std::span<const GenerationPrompt> prompts,
                                                  std::span<const GenerationStream> streams,
                                                  const GenerationLimits& limits) {
  if (limits.max_tokens < 1) return std::vector<std::vector<GeneratedToken>>(streams.size());
  std::vector<std::vector<GeneratedToken>> all;
  while (!streams.empty()) {
    const auto together = std::min<std::size_t>(streams.size(), LiveForward::kMostStreams);
    for (auto& tokens : generate_together(model, prompts, streams.first(together), limits)) {
      all.push_back(std::move(tokens));
    }
    streams = streams.subspan(together);
  }
  return all;
}

}  // namespace circuit
