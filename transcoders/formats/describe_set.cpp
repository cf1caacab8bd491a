#include "transcoders/formats/describe_set.h"

#include <set>
#include <system_error>
#include <utility>

#include "transcoders/config.h"
#include "transcoders/cross_layer.h"
#include "transcoders/formats/dictionary_folders.h"
#include "transcoders/formats/gemma_scope.h"
#include "transcoders/formats/llamascopium.h"
#include "transcoders/per_layer.h"
#include "transcoders/weights/printable_name.h"

namespace circuit {
namespace {

SetDescription describe_native(const std::filesystem::path& directory) {
  const TranscoderConfig config = read_transcoder_config(directory);
  return {.format = "native",
          .model_name = config.model_name,
          .scan = config.scan,
          .cross_layer = config.cross_layer,
          .read_site = config.read_site,
          .write_site = config.write_site,
          .layouts = config.cross_layer ? cross_layer_layouts(config) : per_layer_layouts(config),
          .activation = config.activation,
          .rescaling = {}};
}

}  // namespace

std::string names_in_directory(const std::filesystem::path& directory) {
  constexpr std::size_t kMost = 8;
  std::set<std::string> names;
  std::error_code error;
  using Iterator = std::filesystem::directory_iterator;
  for (Iterator entry(directory, error), end; !error && entry != end; entry.increment(error)) {
    names.insert(entry->path().filename().string());
  }
  if (names.empty()) return "nothing";
  std::string text;
  std::size_t count = 0;
  for (const std::string& name : names) {
    if (count++ == kMost) return text + " and " + std::to_string(names.size() - kMost) + " more";
    text += (text.empty() ? "" : ", ") + printable_name(name);
  }
  return text;
}

SetDescription describe_set(const std::filesystem::path& directory) {
  std::error_code ignored;
  if (!std::filesystem::is_directory(directory, ignored)) {
    fail_format("load_transcoders", directory, "no such directory");
  }
  if (std::filesystem::exists(directory / "config.yaml", ignored)) {
    return describe_native(directory);
  }
  if (auto found = describe_llamascopium(directory)) return std::move(*found);
  if (auto found = describe_gemma_scope_2_clt(directory)) return std::move(*found);
  std::vector<DictionaryDescription> layers = find_dictionaries("load_transcoders", directory);
  if (!layers.empty()) return join_layers(directory, std::move(layers));
  fail_format("load_transcoders", directory,
              "holds " + names_in_directory(directory) +
                  ", expected config.yaml, or the files of Gemma Scope, sparsify, SAELens or "
                  "Llamascopium");
}

}  // namespace circuit
