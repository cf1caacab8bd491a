#include "tracer/model/gguf_config.h"

#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/gguf_writer.h"
#include "tests/support/temp_dir.h"
#include "tests/support/throws.h"

namespace circuit {
namespace {

using testing::GgufWriter;
using testing::message_of;
using testing::TempDir;

using Shape = std::vector<std::int64_t>;

/// The keys that every model has, of 4 layers and 2 heads of width 4.
GgufWriter keys_of(const std::string& architecture) {
  GgufWriter writer;
  writer.text("general.architecture", architecture);
  for (const auto& [key, value] : {std::pair("block_count", 4),
                                   {"context_length", 100},
                                   {"embedding_length", 8},
                                   {"feed_forward_length", 16},
                                   {"attention.head_count", 2}}) {
    writer.integer(architecture + "." + key, static_cast<std::uint32_t>(value));
  }
  writer.tensor("token_embd.weight", GgmlType::kI8, Shape{5, 8}, std::string(40, 'e'));
  return writer;
}

ModelConfig read(const GgufWriter& writer) {
  const TempDir directory;
  writer.write(directory / "a.gguf");
  return read_model_config(directory / "a.gguf");
}

/// The message without `[load_model] FILE: `.
std::string refusal(const GgufWriter& writer) {
  const TempDir directory;
  writer.write(directory / "a.gguf");
  const std::string message = message_of<std::runtime_error>(
      [&] { read_gguf_config(GgufFile::open(directory / "a.gguf")); });
  const std::string start = "[load_model] " + (directory / "a.gguf").string() + ": ";
  return message.starts_with(start) ? message.substr(start.size()) : message;
}

constexpr AttentionSpan kFull = AttentionSpan::kFull;
constexpr AttentionSpan kSliding = AttentionSpan::kSliding;
using Spans = std::vector<AttentionSpan>;

TEST(GgufConfig, TakesWhatTheKeysSay) {
  GgufWriter writer = keys_of("llama");
  writer.integer("llama.attention.head_count_kv", 1);
  writer.integer("llama.attention.key_length", 6);
  writer.number("llama.attention.layer_norm_rms_epsilon", 0.5F);
  writer.number("llama.rope.freq_base", 77);
  writer.tensor("output.weight", GgmlType::kI8, Shape{5, 8}, std::string(40, 'e'));
  const ModelConfig c = read(writer);
  EXPECT_EQ(c.name, "a");
  EXPECT_EQ(c.architecture, "LlamaForCausalLM");
  EXPECT_EQ(c.n_layers, 4);
  EXPECT_EQ(c.d_model, 8);
  EXPECT_EQ(c.n_heads, 2);
  EXPECT_EQ(c.n_kv_heads, 1);
  EXPECT_EQ(c.d_head, 6);
  EXPECT_EQ(c.d_mlp, 16);
  EXPECT_EQ(c.vocabulary_size, 5);
  EXPECT_EQ(c.max_positions, 100);
  EXPECT_EQ(c.norm_epsilon, 0.5);
  EXPECT_EQ(c.rope_theta, 77);
  EXPECT_EQ(c.rope_scaling.kind, RopeScaling::Kind::kNone);
  EXPECT_FALSE(c.tied_embeddings);
  EXPECT_FALSE(c.attention_bias);
  EXPECT_EQ(c.spans, Spans(4, kFull));
}

TEST(GgufConfig, FillsInWhatTheKeysLeaveOut) {
  const ModelConfig c = read(keys_of("llama"));
  EXPECT_EQ(c.n_kv_heads, 2);
  EXPECT_EQ(c.d_head, 4);
  EXPECT_EQ(c.query_scalar, 4);
  EXPECT_TRUE(c.tied_embeddings);
}

TEST(GgufConfig, FindsBiasesAmongTheTensors) {
  GgufWriter writer = keys_of("llama");
  writer.tensor("blk.0.attn_q.bias", GgmlType::kI8, Shape{8}, "12345678");
  writer.tensor("blk.0.attn_output.bias", GgmlType::kI8, Shape{8}, "12345678");
  writer.tensor("blk.0.ffn_up.bias", GgmlType::kI8, Shape{8}, "12345678");
  const ModelConfig c = read(writer);
  EXPECT_TRUE(c.attention_bias);
  EXPECT_TRUE(c.attention_output_bias);
  EXPECT_TRUE(c.mlp_bias);
}

TEST(GgufConfig, SlidesTheLayersOfTheFamilyOrOfTheKeys) {
  EXPECT_EQ(read(keys_of("gemma2")).spans, (Spans{kSliding, kFull, kSliding, kFull}));
  EXPECT_EQ(read(keys_of("gemma2")).sliding_window, 4096);
  EXPECT_EQ(read(keys_of("gemma3")).spans, Spans(4, kSliding));  // the sixth does not
  EXPECT_EQ(read(keys_of("qwen3")).spans, Spans(4, kFull));
  GgufWriter period = keys_of("gemma3");
  period.integer("gemma3.attention.sliding_window_pattern", 3);
  EXPECT_EQ(read(period).spans, (Spans{kSliding, kSliding, kFull, kSliding}));
  GgufWriter all = keys_of("llama");
  all.integer("llama.attention.sliding_window", 9);
  EXPECT_EQ(read(all).spans, Spans(4, kSliding));
  EXPECT_EQ(read(all).sliding_window, 9);
  all.raw_array("llama.attention.sliding_window_pattern", GgufValueType::kBool, 4,
                std::string("\0\1\1\0", 4));
  EXPECT_EQ(read(all).spans, (Spans{kFull, kSliding, kSliding, kFull}));
}

TEST(GgufConfig, ScalesScoresByTheKeyOrAsTheLargestModelsDo) {
  GgufWriter key = keys_of("gemma2");
  key.number("gemma2.attention.scale", 0.25F);
  EXPECT_EQ(read(key).query_scalar, 16);
  GgufWriter writer = keys_of("gemma2");
  writer.integer("gemma2.attention.key_length", 6);
  EXPECT_EQ(read(writer).query_scalar, 6);
  GgufWriter largest;  // of 46 layers
  largest.text("general.architecture", "gemma2");
  for (const auto& [name, value] : {std::pair("block_count", 46),
                                    {"context_length", 100},
                                    {"embedding_length", 8},
                                    {"feed_forward_length", 16},
                                    {"attention.head_count", 2},
                                    {"attention.key_length", 6}}) {
    largest.integer(std::string("gemma2.") + name, static_cast<std::uint32_t>(value));
  }
  largest.tensor("token_embd.weight", GgmlType::kI8, Shape{5, 8}, std::string(40, 'e'));
  EXPECT_EQ(read(largest).query_scalar, 4);
}

TEST(GgufConfig, ReadsRopeScaling) {
  GgufWriter linear = keys_of("gemma3");
  linear.text("gemma3.rope.scaling.type", "linear");
  linear.number("gemma3.rope.scaling.factor", 8);
  EXPECT_EQ(read(linear).rope_scaling.kind, RopeScaling::Kind::kLinear);
  EXPECT_EQ(read(linear).rope_scaling.factor, 8);
  EXPECT_EQ(read(linear).sliding_rope_theta, 10000);
  GgufWriter factors = keys_of("llama");
  factors.tensor("rope_freqs.weight", Shape{2}, std::vector<float>{1, 8});
  EXPECT_EQ(read(factors).rope_scaling.kind, RopeScaling::Kind::kFactors);
  EXPECT_EQ(read(factors).rope_scaling.factors, (std::vector<double>{1, 8}));
  factors.text("llama.rope.scaling.type", "linear");
  factors.number("llama.rope.scaling.factor", 8);
  EXPECT_EQ(refusal(factors), "has rope_freqs.weight and linear rope scaling, expected one");
}

TEST(GgufConfig, RefusesFactorsThatAreNone) {
  GgufWriter shape = keys_of("llama");
  shape.tensor("rope_freqs.weight", Shape{3}, std::vector<float>{1, 8, 9});
  EXPECT_EQ(refusal(shape), "tensor rope_freqs.weight is F32 [3], expected [2]");
  GgufWriter zero = keys_of("llama");
  zero.tensor("rope_freqs.weight", Shape{2}, std::vector<float>{1, 0});
  EXPECT_EQ(refusal(zero), "tensor rope_freqs.weight holds 0.000000, expected factors above 0");
}

TEST(GgufConfig, RefusesOtherFamilies) {
  EXPECT_EQ(refusal(keys_of("mamba")),
            "general.architecture is \"mamba\", expected one of llama, qwen2, qwen3, gemma2, "
            "gemma3, gpt2");
}

TEST(GgufConfig, RefusesWhatItCannotCompute) {
  const auto with = [](const char* key, std::uint32_t value) {
    GgufWriter writer = keys_of("llama");
    writer.integer(key, value);
    return refusal(writer);
  };
  EXPECT_EQ(with("llama.expert_count", 8), "has 8 experts a layer; expected a dense model");
  EXPECT_EQ(with("split.count", 3), "is one of 3 parts; expected a single file");
  EXPECT_EQ(with("llama.attention.value_length", 6),
            "key llama.attention.value_length is 6, expected 4 as of queries and keys");
  EXPECT_EQ(with("llama.rope.dimension_count", 2),
            "key llama.rope.dimension_count is 2, expected the whole head, 4");
  EXPECT_EQ(with("llama.attention.key_length", 3),
            "the head dimension is 3, expected an even number");
  EXPECT_EQ(with("llama.attention.head_count_kv", 0),
            "the number of key-value heads is 0, expected at least 1");
  GgufWriter yarn = keys_of("qwen2");
  yarn.text("qwen2.rope.scaling.type", "yarn");
  EXPECT_EQ(refusal(yarn), "rope scaling \"yarn\" is not supported, expected linear");
  GgufWriter pattern = keys_of("gemma3");
  pattern.raw_array("gemma3.attention.sliding_window_pattern", GgufValueType::kBool, 1, "\1");
  EXPECT_EQ(refusal(pattern),
            "key gemma3.attention.sliding_window_pattern is an array of 1 bool, expected a bool "
            "for each of 4 layers");
  GgufWriter period = keys_of("gemma3");
  period.integer("gemma3.attention.sliding_window_pattern", 0);
  EXPECT_EQ(refusal(period),
            "key gemma3.attention.sliding_window_pattern is 0, expected at least 1");
  GgufWriter window = keys_of("gemma3");
  window.raw("gemma3.attention.sliding_window", GgufValueType::kI32, testing::bytes_of(-1));
  EXPECT_EQ(refusal(window), "key gemma3.attention.sliding_window is -1, expected at least 1");
}

TEST(GgufConfig, RefusesSizesOutOfRange) {
  GgufWriter writer;
  writer.text("general.architecture", "gpt2");
  writer.integer("gpt2.block_count", 1'000'000'000);
  EXPECT_EQ(refusal(writer), "the number of layers is 1000000000, expected 1 to 10000");
}

}  // namespace
}  // namespace circuit
