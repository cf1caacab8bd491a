#include "transcoders/config.h"

#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"
#include "tests/support/throws.h"

namespace circuit {
namespace {

using testing::message_of;
using testing::TempDir;
using testing::write_text;

constexpr const char* kHooks =
    "feature_input_hook: mlp.hook_in\nfeature_output_hook: hook_mlp_out\n";

class Config : public ::testing::Test {
 protected:
  TranscoderConfig read(const std::string& text) const {
    write_text(directory_ / "config.yaml", text);
    return read_transcoder_config(directory_.path());
  }
  /// The message without `[load_transcoders] …/config.yaml`.
  std::string refusal(const std::string& text) const {
    const std::string message = message_of<std::runtime_error>([&] { read(text); });
    const std::string start = "[load_transcoders] " + (directory_ / "config.yaml").string();
    return message.starts_with(start) ? message.substr(start.size()) : message;
  }
  /// A valid file with `text` as its lines 4 and after.
  static std::string with(const std::string& text) {
    return std::string("model_kind: transcoder_set\n") + kHooks + text;
  }

  TempDir directory_;
};

TEST_F(Config, ReadsEveryKey) {
  write_text(directory_ / "a.safetensors", "");
  const TranscoderConfig config =
      read(with("model_name: org/model\nscan: my-scan\nactivation: topk\nk: 32\ntranscoders:\n"
                "  - a.safetensors\n  - " +
                (directory_ / "a.safetensors").string() + "\n"));
  EXPECT_EQ(config.directory, directory_.path());
  EXPECT_EQ(config.model_name, "org/model");
  EXPECT_EQ(config.scan, "my-scan");
  EXPECT_FALSE(config.cross_layer);
  EXPECT_EQ(config.read_site, ReadSite::kMlpIn);
  EXPECT_EQ(config.write_site, WriteSite::kMlpOut);
  EXPECT_EQ(config.activation.kind, ActivationKind::kTopK);
  EXPECT_EQ(config.activation.k, 32);
  EXPECT_FALSE(config.activation.topk_relu);
  EXPECT_EQ(config.activation.said_in, directory_ / "config.yaml");
  ASSERT_TRUE(config.layer_files.has_value());
  EXPECT_EQ(config.layer_files->at(0), directory_ / "a.safetensors");
  EXPECT_EQ(config.layer_files->at(1), directory_ / "a.safetensors");
}

TEST_F(Config, LeavesOptionalKeysEmpty) {
  const TranscoderConfig config =
      read("model_kind: cross_layer_transcoder\nscan:\nmodel_name: ~\nrevision: main\n" +
           std::string(kHooks));
  EXPECT_TRUE(config.cross_layer);
  EXPECT_EQ(config.model_name, "");
  EXPECT_EQ(config.scan, "");
  EXPECT_FALSE(config.activation.kind.has_value());
  EXPECT_FALSE(config.activation.k.has_value());
  EXPECT_FALSE(config.layer_files.has_value());
}

TEST_F(Config, KnowsEverySiteAndActivationByName) {
  for (const ReadSite site : {ReadSite::kResidualMid, ReadSite::kNormalized, ReadSite::kMlpIn}) {
    for (const WriteSite target : {WriteSite::kMlpOutRaw, WriteSite::kMlpOut}) {
      const TranscoderConfig config =
          read("model_kind: transcoder_set\nfeature_input_hook: " + std::string(name_of(site)) +
               "\nfeature_output_hook: " + std::string(name_of(target)) + "\n");
      EXPECT_EQ(config.read_site, site);
      EXPECT_EQ(config.write_site, target);
    }
  }
  EXPECT_EQ(read(with("activation: relu\n")).activation.kind, ActivationKind::kRelu);
  EXPECT_EQ(read(with("activation: jumprelu\n")).activation.kind, ActivationKind::kJumpRelu);
  EXPECT_EQ(read(with("activation: jump_relu\n")).activation.kind, ActivationKind::kJumpRelu);
}

TEST_F(Config, ListsTheKnownHooksWhenOneIsUnknown) {
  EXPECT_EQ(refusal("model_kind: transcoder_set\nfeature_input_hook: resid_pre\n"
                    "feature_output_hook: hook_mlp_out\n"),
            ":2: feature_input_hook is \"resid_pre\", expected one of hook_resid_mid, "
            "ln2.hook_normalized, mlp.hook_in");
  EXPECT_EQ(refusal("model_kind: transcoder_set\nfeature_input_hook: mlp.hook_in\n"
                    "feature_output_hook: mlp_out\n"),
            ":3: feature_output_hook is \"mlp_out\", expected one of mlp.hook_out, hook_mlp_out");
}

TEST_F(Config, NamesMissingKeys) {
  EXPECT_EQ(refusal(kHooks),
            ": no key model_kind, expected one of transcoder_set, cross_layer_transcoder");
  EXPECT_EQ(refusal("model_kind: transcoder_set\n"),
            ": no key feature_input_hook, expected one of hook_resid_mid, ln2.hook_normalized, "
            "mlp.hook_in");
}

TEST_F(Config, SaysInOneLineWhereTheFileIsNotYaml) {
  EXPECT_EQ(refusal(with("scan: \"open\nk: 3\n")), ":5: not YAML: illegal EOF in scalar");
  EXPECT_EQ(refusal(with("scan: [a\n")).substr(0, 12), ":4: not YAML");
  EXPECT_EQ(refusal("a: b: c\n").substr(0, 12), ":1: not YAML");
}

TEST_F(Config, RefusesWhatIsNotAListOfKeys) {
  EXPECT_EQ(refusal(" \n"), ": the file is empty");
  EXPECT_EQ(refusal(with("---\nk: 3\n")), ":4: a second document, expected one");
  EXPECT_EQ(refusal(",a"), ":1: a second document, expected one");  // yaml-cpp finds ever more
  EXPECT_EQ(refusal("just text\n"), ":1: no keys, expected model_kind and others");
  EXPECT_EQ(refusal("- a\n- b\n"), ":1: no keys, expected model_kind and others");
  EXPECT_EQ(refusal(with("scan: [a, b]\n")), ":4: scan is not plain text");
  EXPECT_EQ(refusal(with("[a, b]: c\n")), ":4: a key is not plain text");
  EXPECT_EQ(refusal(with("scan: a\nscan: b\n")), ":5: \"scan\" stands twice");
}

TEST_F(Config, RefusesUnknownKindsAndActivations) {
  EXPECT_EQ(refusal("model_kind: sae\n"),
            ":1: model_kind is \"sae\", expected one of transcoder_set, cross_layer_transcoder");
  EXPECT_EQ(refusal(with("activation: gelu\n")),
            ":4: activation is \"gelu\", expected one of relu, jumprelu, jump_relu, topk, "
            "groupmax");
}

TEST_F(Config, RefusesAKThatIsNoPositiveNumber) {
  for (const std::string bad : {"0", "-3", "3.5", "many", "0x10", "99999999999999999999"}) {
    EXPECT_EQ(refusal(with("k: " + bad + "\n")),
              ":4: k is \"" + bad + "\", expected a whole number > 0");
  }
}

TEST_F(Config, RefusesAKBesideAnotherActivation) {
  EXPECT_EQ(refusal(with("activation: relu\nk: 3\n")),
            ":5: k is given, but activation is not topk or groupmax");
}

TEST_F(Config, ReadsHowTopKTreatsNegativeValues) {
  EXPECT_TRUE(read(with("activation: topk\nk: 3\ntopk_relu: true\n")).activation.topk_relu);
  EXPECT_FALSE(read(with("activation: topk\nk: 3\ntopk_relu: false\n")).activation.topk_relu);
  EXPECT_EQ(refusal(with("topk_relu: 1\n")), ":4: topk_relu is \"1\", expected true or false");
  EXPECT_EQ(refusal(with("activation: relu\ntopk_relu: true\n")),
            ":5: topk_relu is given, but activation is not topk");
}

TEST_F(Config, RefusesListsThatCannotBeFiles) {
  EXPECT_EQ(refusal(with("transcoders: a\n")),
            ":4: transcoders is not a list of files, one per layer");
  EXPECT_EQ(refusal(with("transcoders: []\n")),
            ":4: transcoders is not a list of files, one per layer");
  EXPECT_EQ(refusal(with("transcoders:\n  - s3://bucket/layer_0.safetensors\n")),
            ":5: layer 0: \"s3://bucket/layer_0.safetensors\" lies elsewhere, expected a local "
            "file");
  EXPECT_EQ(refusal(with("transcoders:\n  - [a]\n")), ":5: transcoders is not plain text");
  write_text(directory_ / "a", "");
  EXPECT_EQ(refusal(with("transcoders:\n  - a\n  - b\n")),
            ":6: layer 1: there is no file " + (directory_ / "b").string());
}

TEST_F(Config, FindsFilesOfTheHubInTheDirectoryOrSaysHowToGetThem) {
  const std::string list = with(
      "transcoders:\n  - hf://org/name/layer_0/params.npz\n"
      "  - hf://org/name/layer_1/params.npz?revision=v2\n");
  const std::string directory = directory_.path().string();
  EXPECT_EQ(refusal(list), ":5: layer 0: there is no file " + directory +
                               "/layer_0/params.npz; get it with: huggingface-cli download "
                               "org/name layer_0/params.npz --local-dir " +
                               directory);
  std::filesystem::create_directories(directory_ / "layer_0");
  write_text(directory_ / "layer_0/params.npz", "");
  EXPECT_EQ(refusal(list), ":6: layer 1: there is no file " + directory +
                               "/layer_1/params.npz; get it with: huggingface-cli download "
                               "org/name layer_1/params.npz --revision v2 --local-dir " +
                               directory);
  std::filesystem::create_directories(directory_ / "layer_1");
  write_text(directory_ / "layer_1/params.npz", "");
  EXPECT_EQ(read(list).layer_files->at(1), directory_ / "layer_1/params.npz");
  EXPECT_EQ(refusal(with("transcoders: [hf://org/name]\n")),
            ":4: layer 0: \"hf://org/name\" lies elsewhere, expected a local file");
}

TEST_F(Config, NamesAMissingConfig) {
  const std::string message =
      message_of<std::runtime_error>([&] { read_transcoder_config(directory_.path()); });
  EXPECT_TRUE(message.starts_with("[load_transcoders] " + (directory_ / "config.yaml").string()))
      << message;
  EXPECT_NE(message.find("No such file"), std::string::npos) << message;
}

}  // namespace
}  // namespace circuit
