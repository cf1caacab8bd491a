#include "transcoders/config.h"

#include <array>
#include <span>
#include <string_view>
#include <system_error>
#include <utility>

#include "transcoders/config_reader.h"
#include "transcoders/weights/printable_name.h"

namespace circuit {
namespace {

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

template <typename Value, std::size_t N>
std::span<const Named<Value>> rows_of(const std::array<Named<Value>, N>& table) {
  return table;
}

/// `hf://OWNER/REPOSITORY/PATH?revision=R`.
struct HubFile {
  std::string repository, path, revision;
};

/// Nothing when `entry` has another form.
std::optional<HubFile> parse_hub_file(std::string_view entry) {
  constexpr std::string_view kScheme = "hf://";
  if (!entry.starts_with(kScheme)) return std::nullopt;
  entry.remove_prefix(kScheme.size());
  HubFile file;
  const std::size_t query = entry.find('?');
  if (query != std::string_view::npos) {
    constexpr std::string_view kRevision = "revision=";
    const std::string_view rest = entry.substr(query + 1);
    if (!rest.starts_with(kRevision)) return std::nullopt;
    file.revision = rest.substr(kRevision.size());
    entry = entry.substr(0, query);
  }
  const std::size_t owner = entry.find('/');
  if (owner == std::string_view::npos) return std::nullopt;
  const std::size_t name = entry.find('/', owner + 1);
  if (name == std::string_view::npos || name + 1 == entry.size()) return std::nullopt;
  file.repository = entry.substr(0, name);
  file.path = entry.substr(name + 1);
  return file;
}

/// Where a file of the hub lies once it was downloaded into the directory.
std::filesystem::path local_place(const HubFile& file, const std::filesystem::path& directory) {
  return directory / std::filesystem::path(file.path).relative_path();
}

std::string download_command(const HubFile& file, const std::filesystem::path& directory) {
  return "huggingface-cli download " + file.repository + " " + file.path +
         (file.revision.empty() ? "" : " --revision " + file.revision) + " --local-dir " +
         directory.string();
}

/// Files that exist; relative ones start at `directory`, those of the hub in it.
std::optional<std::vector<std::filesystem::path>> read_layer_files(
    const ConfigReader& reader, const std::filesystem::path& directory) {
  const auto entries = reader.texts("transcoders", "files, one per layer");
  if (!entries) return std::nullopt;
  std::vector<std::filesystem::path> paths;
  for (std::size_t layer = 0; layer < entries->size(); ++layer) {
    const std::string& entry = (*entries)[layer];
    const std::string start = "layer " + std::to_string(layer) + ": ";
    const std::optional<HubFile> hub = parse_hub_file(entry);
    if (!hub && entry.find("://") != std::string::npos) {
      reader.fail_key("transcoders",
                      start + printable_name(entry) + " lies elsewhere, expected a local file",
                      layer);
    }
    paths.push_back(hub ? local_place(*hub, directory) : directory / entry);
    std::error_code ignored;
    if (std::filesystem::exists(paths.back(), ignored)) continue;
    reader.fail_key("transcoders",
                    start + "there is no file " + paths.back().string() +
                        (hub ? "; get it with: " + download_command(*hub, directory) : ""),
                    layer);
  }
  return paths;
}

}  // namespace

std::string_view name_of(ReadSite site) { return name_in(rows_of(kReadSites), site); }

std::string_view name_of(WriteSite site) { return name_in(rows_of(kWriteSites), site); }

TranscoderConfig read_transcoder_config(const std::filesystem::path& directory) {
  const ConfigReader reader("load_transcoders", directory / "config.yaml");
  TranscoderConfig config;
  config.directory = directory;
  config.cross_layer = reader.required_choice("model_kind", rows_of(kModelKinds));
  config.model_name = reader.text("model_name").value_or("");
  config.scan = reader.text("scan").value_or("");
  config.read_site = reader.required_choice("feature_input_hook", rows_of(kReadSites));
  config.write_site = reader.required_choice("feature_output_hook", rows_of(kWriteSites));
  config.layer_files = read_layer_files(reader, directory);
  config.activation = read_activation_choice(reader);
  return config;
}

}  // namespace circuit
