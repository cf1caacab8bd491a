#include "transcoders/config.h"

#include <array>
#include <charconv>
#include <map>
#include <span>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <yaml-cpp/yaml.h>

#include "transcoders/weights/mapped_file.h"
#include "transcoders/weights/printable_name.h"

namespace circuit {
namespace {

template <typename Value>
struct Named {
  Value value;
  std::string_view name;
};

constexpr std::array<Named<ReadSite>, 3> kReadSites{{
    {ReadSite::kResidualMid, "hook_resid_mid"},
    {ReadSite::kNormalized, "ln2.hook_normalized"},
    {ReadSite::kMlpIn, "mlp.hook_in"},
}};
constexpr std::array<Named<WriteSite>, 2> kWriteSites{{
    {WriteSite::kMlpOutRaw, "mlp.hook_out"},
    {WriteSite::kMlpOut, "hook_mlp_out"},
}};
constexpr std::array<Named<bool>, 2> kModelKinds{{
    {false, "transcoder_set"},
    {true, "cross_layer_transcoder"},
}};
constexpr std::array<Named<ActivationKind>, 4> kActivations{{
    {ActivationKind::kRelu, "relu"},
    {ActivationKind::kJumpRelu, "jumprelu"},
    {ActivationKind::kJumpRelu, "jump_relu"},
    {ActivationKind::kTopK, "topk"},
}};

template <typename Value>
std::string_view name_in(std::span<const Named<Value>> table, Value value) {
  for (const auto& row : table) {
    if (row.value == value) return row.name;
  }
  throw std::invalid_argument("[name_of] no such value");
}

/// One file's top-level keys, each with its place for messages.
class ConfigReader {
 public:
  explicit ConfigReader(std::filesystem::path path) : path_(std::move(path)) {
    const YAML::Node root = parse();
    if (!root.IsMap()) fail_at(root.Mark(), "no keys, expected model_kind and others");
    for (const auto& entry : root) {
      if (!entry.first.IsScalar()) fail(entry.first, "a key is not plain text");
      const std::string& key = entry.first.Scalar();
      if (entry.second.IsNull()) continue;  // "scan:" with nothing after it
      if (!nodes_.emplace(key, entry.second).second) {
        fail(entry.first, printable_name(key) + " stands twice");
      }
    }
  }

  /// Nothing when the key is not there.
  std::optional<std::string> text(const std::string& key) const {
    const auto found = nodes_.find(key);
    if (found == nodes_.end()) return std::nullopt;
    return scalar(found->second, key);
  }

  template <typename Value>
  std::optional<Value> choice(const std::string& key, std::span<const Named<Value>> table) const {
    const std::optional<std::string> name = text(key);
    if (!name) return std::nullopt;
    std::string known;
    for (const auto& row : table) {
      if (row.name == *name) return row.value;
      known += (known.empty() ? "" : ", ") + std::string(row.name);
    }
    fail(nodes_.at(key), key + " is " + printable_name(*name) + ", expected one of " + known);
  }

  template <typename Value>
  Value required_choice(const std::string& key, std::span<const Named<Value>> table) const {
    const std::optional<Value> value = choice(key, table);
    if (value) return *value;
    std::string known;
    for (const auto& row : table) known += (known.empty() ? "" : ", ") + std::string(row.name);
    fail("no key " + key + ", expected one of " + known);
  }

  std::optional<std::int64_t> positive_number(const std::string& key) const {
    const std::optional<std::string> digits = text(key);
    if (!digits) return std::nullopt;
    std::int64_t number = 0;
    const char* end = digits->data() + digits->size();
    const auto [stop, error] = std::from_chars(digits->data(), end, number);
    if (error != std::errc() || stop != end || number < 1) {
      fail(nodes_.at(key),
           key + " is " + printable_name(*digits) + ", expected a whole number > 0");
    }
    return number;
  }

  /// Paths of files that exist; relative ones start at `directory`.
  std::optional<std::vector<std::filesystem::path>> files(
      const std::string& key, const std::filesystem::path& directory) const {
    const auto found = nodes_.find(key);
    if (found == nodes_.end()) return std::nullopt;
    if (!found->second.IsSequence() || found->second.size() == 0) {
      fail(found->second, key + " is not a list of files, one per layer");
    }
    std::vector<std::filesystem::path> paths;
    for (const YAML::Node& entry : found->second) {
      const std::string name = scalar(entry, key);
      if (name.find("://") != std::string::npos) {
        fail(entry, printable_name(name) + " lies elsewhere, expected a local file: download it");
      }
      paths.push_back(directory / name);
      std::error_code ignored;
      if (!std::filesystem::exists(paths.back(), ignored)) {
        fail(entry, "layer " + std::to_string(paths.size() - 1) + ": there is no file " +
                        paths.back().string());
      }
    }
    return paths;
  }

  [[noreturn]] void fail_key(const std::string& key, const std::string& what) const {
    fail(nodes_.at(key), what);
  }

 private:
  YAML::Node parse() const {
    const MappedFile file(path_, "load_transcoders");
    std::string text(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
    // yaml-cpp misses a quote that is never closed when white space ends the file.
    text.erase(text.find_last_not_of(" \t\r\n") + 1);
    try {
      const std::vector<YAML::Node> documents = YAML::LoadAll(text);
      if (documents.empty()) fail("the file is empty");
      if (documents.size() > 1) fail_at(documents[1].Mark(), "a second document, expected one");
      return documents.front();
    } catch (const YAML::Exception& error) {
      fail_at(error.mark, "not YAML: " + error.msg);
    }
  }

  std::string scalar(const YAML::Node& node, const std::string& key) const {
    if (!node.IsScalar()) fail(node, key + " is not plain text");
    return node.Scalar();
  }

  [[noreturn]] void fail(const YAML::Node& node, const std::string& what) const {
    fail_at(node.Mark(), what);
  }
  [[noreturn]] void fail(const std::string& what) const {
    throw std::runtime_error("[load_transcoders] " + path_.string() + ": " + what);
  }
  /// yaml-cpp counts lines from 0.
  [[noreturn]] void fail_at(const YAML::Mark& mark, const std::string& what) const {
    if (mark.is_null()) fail(what);
    throw std::runtime_error("[load_transcoders] " + path_.string() + ":" +
                             std::to_string(mark.line + 1) + ": " + what);
  }

  std::filesystem::path path_;
  std::map<std::string, YAML::Node> nodes_;
};

template <typename Value, std::size_t N>
std::span<const Named<Value>> rows_of(const std::array<Named<Value>, N>& table) {
  return table;
}

}  // namespace

std::string_view name_of(ReadSite site) { return name_in(rows_of(kReadSites), site); }

std::string_view name_of(WriteSite site) { return name_in(rows_of(kWriteSites), site); }

TranscoderConfig read_transcoder_config(const std::filesystem::path& directory) {
  const ConfigReader reader(directory / "config.yaml");
  TranscoderConfig config;
  config.directory = directory;
  config.cross_layer = reader.required_choice("model_kind", rows_of(kModelKinds));
  config.model_name = reader.text("model_name").value_or("");
  config.scan = reader.text("scan").value_or("");
  config.read_site = reader.required_choice("feature_input_hook", rows_of(kReadSites));
  config.write_site = reader.required_choice("feature_output_hook", rows_of(kWriteSites));
  config.layer_files = reader.files("transcoders", directory);
  config.activation = reader.choice("activation", rows_of(kActivations));
  config.k = reader.positive_number("k");
  if (config.cross_layer && config.layer_files) {
    reader.fail_key("transcoders", "a list of files is for model_kind transcoder_set only");
  }
  if (config.k && config.activation.value_or(ActivationKind::kTopK) != ActivationKind::kTopK) {
    reader.fail_key("k", "k is given, but activation is not topk");
  }
  return config;
}

}  // namespace circuit
