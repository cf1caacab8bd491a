#include "tracer/model/config_rules.h"

#include <stdexcept>
#include <string>

namespace circuit {
namespace {

[[noreturn]] void fail(const std::filesystem::path& path, const std::string& what) {
  throw std::runtime_error("[load_model] " + path.string() + ": " + what);
}

bool slides(SlidingLayers rule, std::int64_t layer, std::int64_t n) {
  switch (rule) {
    case SlidingLayers::kNone:
      return false;
    case SlidingLayers::kAll:
      return true;
    case SlidingLayers::kEveryOther:
      return layer % 2 == 0;
    case SlidingLayers::kAllButEveryNth:
      return (layer + 1) % n != 0;
    case SlidingLayers::kFromLayer:
      return layer >= n;
  }
  return false;
}

}  // namespace

std::vector<AttentionSpan> spans_by_rule(SlidingLayers rule, std::int64_t n_layers,
                                         std::int64_t n) {
  std::vector<AttentionSpan> spans;
  for (std::int64_t layer = 0; layer < n_layers; ++layer) {
    spans.push_back(slides(rule, layer, n) ? AttentionSpan::kSliding : AttentionSpan::kFull);
  }
  return spans;
}

void check_n_layers(const std::filesystem::path& path, std::int64_t n_layers) {
  if (n_layers >= 1 && n_layers <= 10'000) return;
  fail(path, "the number of layers is " + std::to_string(n_layers) + ", expected 1 to 10000");
}

void check_sizes(const std::filesystem::path& path, const ModelConfig& c) {
  const auto positive = [&](std::int64_t value, const char* name) {
    if (value <= 0 || value > (std::int64_t{1} << 31)) {
      fail(path, std::string(name) + " is " + std::to_string(value) + ", expected at least 1");
    }
  };
  positive(c.d_model, "the model dimension");
  positive(c.n_heads, "the number of heads");
  positive(c.n_kv_heads, "the number of key-value heads");
  positive(c.d_head, "the head dimension");
  positive(c.d_mlp, "the MLP dimension");
  positive(c.vocabulary_size, "the vocabulary size");
  positive(c.max_positions, "the number of positions");
  if (c.n_heads % c.n_kv_heads != 0) {
    fail(path, std::to_string(c.n_heads) + " heads cannot share " + std::to_string(c.n_kv_heads) +
                   " key-value heads, expected a divisor");
  }
  if (c.positions == PositionKind::kRotary && c.d_head % 2 != 0) {
    fail(path, "the head dimension is " + std::to_string(c.d_head) + ", expected an even number");
  }
}

}  // namespace circuit
