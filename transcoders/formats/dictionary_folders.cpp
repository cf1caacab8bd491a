#include "transcoders/formats/dictionary_folders.h"

#include <algorithm>
#include <map>
#include <system_error>
#include <utility>

#include "transcoders/formats/dictionary_learning.h"
#include "transcoders/formats/gemma_scope.h"
#include "transcoders/formats/saelens.h"
#include "transcoders/formats/sparsify.h"
#include "transcoders/weights/printable_name.h"

namespace circuit {
namespace {

constexpr const char* kOperation = "load_transcoders";
constexpr int kDeepest = 4;

std::vector<std::filesystem::path> folders_below(const std::filesystem::path& directory) {
  std::vector<std::filesystem::path> folders{directory};
  std::error_code error;
  using Iterator = std::filesystem::recursive_directory_iterator;
  for (Iterator entry(directory, error), end; !error && entry != end; entry.increment(error)) {
    std::error_code ignored;
    if (entry.depth() >= kDeepest - 1) entry.disable_recursion_pending();
    if (entry->is_directory(ignored)) folders.push_back(entry->path());
  }
  std::ranges::sort(folders);
  return folders;
}

void check_transcoder(const DictionaryDescription& layer) {
  const auto& path = layer.activation.said_in;
  if (layer.is_sae) fail_format(kOperation, path, "describes an SAE, expected a transcoder");
  const bool known = layer.reads && layer.writes && read_site_of(layer.reads->kind) &&
                     write_site_of(layer.writes->kind);
  if (!known) {
    fail_format(kOperation, path,
                layer.hook_text.empty()
                    ? "does not say which layer it is of: expected a folder layer_L above it"
                    : "reads " + printable_name(layer.hook_text) +
                          ", expected a hook ahead of the MLP, and one behind it to write");
  }
  if (layer.reads->layer != layer.writes->layer) {
    fail_format(kOperation, path,
                "reads layer " + std::to_string(layer.reads->layer) + " and writes layer " +
                    std::to_string(layer.writes->layer) + ", expected the same");
  }
}

/// What the layers of a set have in common, in words.
std::map<std::string, std::string> traits_of(const DictionaryDescription& layer) {
  return {{"format", layer.format},
          {"read hook", std::string(name_of(*read_site_of(layer.reads->kind)))},
          {"write hook", std::string(name_of(*write_site_of(layer.writes->kind)))},
          {"activation", std::string(name_of(*layer.activation.kind))},
          {"k", std::to_string(layer.activation.k.value_or(0))}};
}

void check_same(const DictionaryDescription& first, const DictionaryDescription& other) {
  const auto expected = traits_of(first);
  for (const auto& [what, found] : traits_of(other)) {
    if (expected.at(what) == found) continue;
    fail_format(kOperation, other.activation.said_in,
                what + " is " + found + ", layer 0 has " + expected.at(what));
  }
}

}  // namespace

std::optional<DictionaryDescription> describe_dictionary(const std::string& operation,
                                                         const std::filesystem::path& directory) {
  if (auto found = describe_saelens(operation, directory)) return found;
  if (auto found = describe_sparsify(operation, directory)) return found;
  if (auto found = describe_gemma_scope(directory)) return found;
  if (auto found = describe_gemma_scope_2(operation, directory)) return found;
  return describe_dictionary_learning(operation, directory);
}

std::vector<DictionaryDescription> find_dictionaries(const std::string& operation,
                                                     const std::filesystem::path& directory) {
  std::vector<DictionaryDescription> found;
  for (const std::filesystem::path& folder : folders_below(directory)) {
    if (auto described = describe_dictionary(operation, folder)) {
      found.push_back(std::move(*described));
    }
  }
  return found;
}

SetDescription join_layers(const std::filesystem::path& directory,
                           std::vector<DictionaryDescription> layers) {
  std::map<std::int64_t, DictionaryDescription> by_layer;
  for (DictionaryDescription& layer : layers) {
    check_transcoder(layer);
    const std::int64_t number = layer.reads->layer;
    const std::filesystem::path place = layer.directory;
    const auto [at, is_new] = by_layer.emplace(number, std::move(layer));
    if (is_new) continue;
    fail_format(kOperation, directory,
                "layer " + std::to_string(number) + " is there twice, in " +
                    at->second.directory.string() + " and " + place.string() +
                    "; name one file a layer in the list `transcoders` of a config.yaml");
  }
  const DictionaryDescription& first = by_layer.begin()->second;
  SetDescription described;
  described.format = first.format;
  described.model_name = first.model_name;
  described.read_site = *read_site_of(first.reads->kind);
  described.write_site = *write_site_of(first.writes->kind);
  described.activation = first.activation;
  described.rescaling.decoder_norms_select = first.decoder_norms_select;
  for (auto& [number, layer] : by_layer) {
    if (number != static_cast<std::int64_t>(described.layouts.size())) {
      fail_format(kOperation, directory,
                  "no layer " + std::to_string(described.layouts.size()) + ", but layer " +
                      std::to_string(by_layer.rbegin()->first));
    }
    check_same(first, layer);
    described.layouts.push_back(layer.layout);
  }
  return described;
}

}  // namespace circuit
