#include "tracer/model/config.h"

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"
#include "tests/support/throws.h"

namespace circuit::testing {
namespace {

std::string error_of(const std::string& json) {
  const TempDir directory;
  write_text(directory / "config.json", json);
  std::string message =
      message_of<std::runtime_error>([&] { read_model_config(directory.path()); });
  const auto at = message.find(directory.path().string());
  if (at != std::string::npos) message.replace(at, directory.path().string().size(), "DIR");
  return message;
}

std::string llama(const std::string& more) {
  return R"({"architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": 10,)"
         R"( "num_hidden_layers": 2, "hidden_size": 8, "num_attention_heads": 4,)"
         R"( "intermediate_size": 16)" +
         more + "}";
}

TEST(Config, FillsWhatTheFileLeavesOut) {
  const TempDir directory;
  write_text(directory / "config.json", llama(""));
  const ModelConfig c = read_model_config(directory.path());
  EXPECT_EQ(c.n_kv_heads, 4);
  EXPECT_EQ(c.d_head, 2);
  EXPECT_EQ(c.max_positions, 2048);
  EXPECT_DOUBLE_EQ(c.rope_theta, 10000.0);
  EXPECT_DOUBLE_EQ(c.norm_epsilon, 1e-6);
  EXPECT_EQ(c.rope_scaling.kind, RopeScaling::Kind::kNone);
  EXPECT_FALSE(c.tied_embeddings);
  EXPECT_FALSE(c.attention_bias);
}

TEST(Config, SaysWhichKeyIsMissingOrOfAnotherType) {
  EXPECT_EQ(error_of(R"({"architectures": ["GPT2LMHeadModel"]})"),
            "[load_model] DIR/config.json: has no key n_layer, expected an integer");
  EXPECT_EQ(error_of(llama(R"(, "head_dim": "8")")),
            "[load_model] DIR/config.json: key head_dim is \"8\", expected an integer");
}

TEST(Config, RefusesSizesThatContradictEachOther) {
  EXPECT_EQ(error_of(llama(R"(, "num_key_value_heads": 3)")),
            "[load_model] DIR/config.json: 4 heads cannot share 3 key-value heads, expected a "
            "divisor");
  EXPECT_EQ(error_of(llama(R"(, "head_dim": 3)")),
            "[load_model] DIR/config.json: the head dimension is 3, expected an even number");
  EXPECT_EQ(error_of(llama(R"(, "head_dim": -2)")),
            "[load_model] DIR/config.json: the head dimension is -2, expected at least 1");
}

TEST(Config, RefusesOptionsThatWouldChangeTheComputationSilently) {
  EXPECT_EQ(error_of(llama(R"(, "hidden_act": "relu")")),
            "[load_model] DIR/config.json: key hidden_act is \"relu\", expected silu, gelu, "
            "gelu_new or gelu_pytorch_tanh");
  EXPECT_EQ(error_of(llama(R"(, "rope_scaling": {"rope_type": "yarn", "factor": 2.0})")),
            "[load_model] DIR/config.json: rope scaling \"yarn\" is not supported, expected llama3 "
            "or linear");
  EXPECT_EQ(error_of(llama(R"(, "quantization_config": {"bits": 4})")),
            "[load_model] DIR/config.json: quantization_config is set; expected plain f32, f16 or "
            "bf16 weights");
}

std::string gemma(const std::string& name, const std::string& more) {
  return R"({"architectures": [")" + name +
         R"("], "vocab_size": 10, "num_hidden_layers": 7, "hidden_size": 16,)"
         R"( "num_attention_heads": 4, "intermediate_size": 16)" +
         more + "}";
}

ModelConfig config_of(const std::string& json) {
  const TempDir directory;
  write_text(directory / "config.json", json);
  return read_model_config(directory.path());
}

TEST(Config, TakesTheFamilysCapsAndWindowsUnlessTheFileSaysNone) {
  const ModelConfig all = config_of(gemma("Gemma2ForCausalLM", ""));
  EXPECT_EQ(all.attention_softcap, 50);
  EXPECT_EQ(all.final_softcap, 30);
  EXPECT_EQ(all.query_scalar, 256);
  EXPECT_EQ(all.sliding_window, 4096);
  EXPECT_EQ(all.embedding_scale, 4);
  EXPECT_EQ(all.spans[0], AttentionSpan::kSliding);
  EXPECT_EQ(all.spans[1], AttentionSpan::kFull);
  const ModelConfig none = config_of(gemma(
      "Gemma2ForCausalLM",
      R"(, "attn_logit_softcapping": null, "final_logit_softcapping": null, "sliding_window": null)"));
  EXPECT_EQ(none.attention_softcap, 0);
  EXPECT_EQ(none.final_softcap, 0);
  EXPECT_EQ(none.spans[0], AttentionSpan::kFull);
}

TEST(Config, LeavesEverySixthLayerOfGemma3Full) {
  const ModelConfig c = config_of(gemma("Gemma3ForCausalLM", ""));
  for (std::size_t layer = 0; layer < 7; ++layer) {
    EXPECT_EQ(c.spans[layer] == AttentionSpan::kFull, layer == 5) << layer;
  }
}

TEST(Config, ReadsTheTextModelOfAModelThatSees) {
  const ModelConfig c =
      config_of(R"({"architectures": ["Gemma3ForConditionalGeneration"], "model_type": "gemma3",)"
                R"( "vision_config": {"hidden_size": 3}, "text_config": {"hidden_size": 16,)"
                R"( "num_hidden_layers": 2, "intermediate_size": 8,)"
                R"( "rope_scaling": {"factor": 8.0, "rope_type": "linear"}}})");
  EXPECT_EQ(c.d_model, 16);
  EXPECT_EQ(c.n_heads, 8);
  EXPECT_EQ(c.n_kv_heads, 4);
  EXPECT_EQ(c.d_head, 256);
  EXPECT_EQ(c.vocabulary_size, 262208);
  EXPECT_EQ(c.rope_scaling.kind, RopeScaling::Kind::kLinear);
  EXPECT_EQ(c.sliding_rope_theta, 1e4);
}

TEST(Config, ReadsRopeParametersOfNewerFiles) {
  const ModelConfig flat = config_of(
      llama(R"(, "rope_parameters": {"rope_theta": 7.0, "rope_type": "linear", "factor": 2.0})"));
  EXPECT_EQ(flat.rope_theta, 7);
  EXPECT_EQ(flat.rope_scaling.factor, 2);
  const ModelConfig by_span = config_of(gemma(
      "Gemma3ForCausalLM",
      R"(, "rope_parameters": {"full_attention": {"rope_theta": 7.0, "rope_type": "default"},)"
      R"( "sliding_attention": {"rope_theta": 5.0, "rope_type": "default"}})"));
  EXPECT_EQ(by_span.rope_theta, 7);
  EXPECT_EQ(by_span.sliding_rope_theta, 5);
}

TEST(Config, RefusesListsOfLayersThatDoNotFit) {
  EXPECT_EQ(error_of(gemma("Gemma2ForCausalLM", R"(, "layer_types": ["full_attention"])")),
            "[load_model] DIR/config.json: key layer_types has 1 entries, expected 7, one a layer");
  EXPECT_EQ(error_of(llama(R"(, "layer_types": ["full_attention", "chunked_attention"])")),
            "[load_model] DIR/config.json: key layer_types holds \"chunked_attention\", expected "
            "full_attention or sliding_attention");
  EXPECT_EQ(error_of(llama(R"(, "layer_types": [1, 2])")),
            "[load_model] DIR/config.json: key layer_types holds 1, expected an array of strings");
  EXPECT_EQ(error_of(gemma("Gemma2ForCausalLM", R"(, "sliding_window": -4)")),
            "[load_model] DIR/config.json: key sliding_window is -4, expected at least 1");
}

TEST(Config, RefusesAMissingOrBrokenFile) {
  const TempDir directory;
  EXPECT_EQ(message_of<std::runtime_error>([&] { read_model_config(directory.path()); }),
            "[load_model] " + (directory / "config.json").string() + ": no such file");
  EXPECT_NE(error_of("{\"a\": ").find("DIR/config.json: is not valid JSON"), std::string::npos);
  EXPECT_EQ(error_of("[1]"), "[load_model] DIR/config.json: holds no JSON object");
}

}  // namespace
}  // namespace circuit::testing
