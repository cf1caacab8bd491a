#include "tracer/model/architecture.h"

#include <set>

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"
#include "tests/support/throws.h"
#include "tests/support/tiny_model.h"
#include "tracer/model/model.h"

namespace circuit::testing {
namespace {

TEST(Architecture, FindsEveryFamilyByNameAndByModelType) {
  std::set<std::string_view> names;
  for (const Architecture* family : architectures()) {
    EXPECT_TRUE(names.insert(family->name).second) << family->name << " is in the table twice";
    EXPECT_EQ(&find_architecture(family->name, ""), family);
    EXPECT_EQ(&find_architecture("", family->model_type), family);
  }
}

TEST(Architecture, NamesTheKnownFamiliesWhenOneIsUnknown) {
  EXPECT_EQ(message_of<std::runtime_error>([] { find_architecture("BertForMaskedLM", "bert"); }),
            "[load_model] config.json: architecture \"BertForMaskedLM\" is not supported, expected "
            "one of LlamaForCausalLM, MistralForCausalLM, Qwen2ForCausalLM, Qwen3ForCausalLM, "
            "Gemma2ForCausalLM, Gemma3ForCausalLM, Gemma3ForConditionalGeneration, "
            "GPT2LMHeadModel");
}

TEST(Architecture, PutsTheLayerIntoTensorNames) {
  EXPECT_EQ(layer_tensor("model.layers.{}.mlp", 12), "model.layers.12.mlp");
  EXPECT_EQ(layer_tensor("model.norm", 12), "model.norm");
}

// Every family's config.json is read back as it was written, and every tensor is asked for.
TEST(Architecture, RoundTripsTheConfigOfEveryFamily) {
  for (const NamedModelSpec& tiny : all_tiny_models()) {
    SCOPED_TRACE(tiny.name);
    const TempDir directory;
    write_tiny_model(directory.path(), tiny.spec);
    const ModelConfig c = read_model_config(directory.path());
    EXPECT_EQ(c.architecture, tiny.spec.family->name);
    EXPECT_EQ(c.model_type, tiny.spec.family->model_type);
    EXPECT_EQ(c.n_layers, tiny.spec.n_layers);
    EXPECT_EQ(c.d_model, tiny.spec.d_model);
    EXPECT_EQ(c.n_heads, tiny.spec.n_heads);
    EXPECT_EQ(c.d_mlp, tiny.spec.d_mlp);
    EXPECT_EQ(c.vocabulary_size, tiny.spec.vocabulary_size);
    EXPECT_EQ(c.max_positions, tiny.spec.max_positions);
    EXPECT_EQ(c.tied_embeddings, tiny.spec.tied);
    EXPECT_EQ(c.sliding_window,
              tiny.spec.family->keys.sliding_window.empty() ? 0 : tiny.spec.sliding_window);
    EXPECT_EQ(c.rope_scaling.kind == RopeScaling::Kind::kLlama3, tiny.spec.llama3_rope);
    EXPECT_EQ(load_model(directory.path()).blocks.size(),
              static_cast<std::size_t>(tiny.spec.n_layers));
  }
}

}  // namespace
}  // namespace circuit::testing
