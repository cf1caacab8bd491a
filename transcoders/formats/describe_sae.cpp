#include "transcoders/formats/describe_sae.h"

#include <array>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

#include "transcoders/config_reader.h"
#include "transcoders/formats/describe_set.h"
#include "transcoders/formats/dictionary_folders.h"
#include "transcoders/weights/printable_name.h"

namespace circuit {
namespace {

constexpr const char* kOperation = "load_sae";
constexpr const char* kHooks = "resid_pre.L, resid_post.L, mlp_out.L or attn_out.L";

SaeHook native_hook(const ConfigReader& reader) {
  const std::optional<std::string> hook = reader.text("hook");
  if (!hook) reader.fail("no key hook, expected " + std::string(kHooks));
  try {
    return parse_sae_hook(*hook);
  } catch (const std::invalid_argument&) {
    reader.fail_unexpected("hook", *hook, kHooks);
  }
}

DescribedSae describe_native(const std::filesystem::path& directory, std::optional<SaeHook> hook) {
  const ConfigReader reader(kOperation, directory / "config.yaml");
  constexpr std::array<Named<bool>, 1> kKind{{{true, "sae"}}};
  reader.required_choice("model_kind", std::span<const Named<bool>>(kKind));
  DescribedSae described;
  SaeInfo& info = described.info;
  info.directory = directory;
  info.format = "native";
  info.model_name = reader.text("model_name").value_or("");
  info.scan = reader.text("scan").value_or("");
  info.hook = hook ? *hook : native_hook(reader);
  info.apply_b_dec_to_input = reader.flag("apply_b_dec_to_input").value_or(false);
  info.input_scale = reader.positive_number("input_scale").value_or(1.0);
  LayerLayout& layout = described.layout;
  layout.encoder_file = layout.decoder_file = directory / "sae.safetensors";
  layout.encoder = "W_enc";
  layout.encoder_bias = "b_enc";
  layout.decoder_bias = "b_dec";
  layout.threshold = "threshold";
  layout.decoder = "W_dec";
  described.activation = read_activation_choice(reader);
  return described;
}

SaeHook foreign_hook(const DictionaryDescription& dictionary) {
  const auto& place = dictionary.reads;
  const auto site = place ? sae_site_of(place->kind) : std::nullopt;
  if (site) return {.site = *site, .layer = place->layer};
  fail_format(kOperation, dictionary.activation.said_in,
              (dictionary.hook_text.empty() ? "does not say where it reads"
                                            : "reads " + printable_name(dictionary.hook_text)) +
                  ", expected a place like " + kHooks + ": convert it with --hook");
}

}  // namespace

DescribedSae describe_sae(const std::filesystem::path& directory, std::optional<SaeHook> hook) {
  std::error_code ignored;
  if (!std::filesystem::is_directory(directory, ignored)) {
    fail_format(kOperation, directory, "no such directory");
  }
  if (std::filesystem::exists(directory / "config.yaml", ignored)) {
    return describe_native(directory, hook);
  }
  auto dictionary = describe_dictionary(kOperation, directory);
  if (!dictionary) {
    fail_format(kOperation, directory,
                "holds " + names_in_directory(directory) +
                    ", expected config.yaml, or the files of Gemma Scope, sparsify, SAELens or "
                    "dictionary_learning");
  }
  if (!dictionary->is_sae && !hook) {
    fail_format(kOperation, dictionary->activation.said_in,
                "describes a transcoder, expected an SAE");
  }
  DescribedSae described;
  described.info.directory = directory;
  described.info.format = dictionary->format;
  described.info.model_name = dictionary->model_name;
  described.info.hook = hook ? *hook : foreign_hook(*dictionary);
  described.info.apply_b_dec_to_input = dictionary->apply_b_dec_to_input;
  described.layout = dictionary->layout;
  described.activation = dictionary->activation;
  described.rescaling.decoder_norms_select = dictionary->decoder_norms_select;
  return described;
}

}  // namespace circuit
