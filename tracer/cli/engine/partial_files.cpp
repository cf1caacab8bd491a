#include "tracer/cli/engine/partial_files.h"

#include <string>
#include <string_view>

namespace circuit::cli {
namespace {

constexpr std::string_view kPartial = ".partial.";

/// `json`, `done`, …: what stands behind the name. A dot more belongs to another name, which this
/// one begins.
bool is_ending(std::string_view text) {
  return text == "graph.safetensors" || text.find('.') == text.npos;
}

}  // namespace

PartialFiles::PartialFiles(const std::filesystem::path& folder) : folder_(folder) {
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::string name = entry.path().filename().string();
    if (name.find(kPartial) != name.npos) names_.insert(std::move(name));
  }
}

void PartialFiles::remove(const std::filesystem::path& path) const {
  const std::string start = path.filename().string() + std::string(kPartial);
  for (auto name = names_.lower_bound(start); name != names_.end() && name->starts_with(start);
       ++name) {
    std::filesystem::remove(folder_ / *name);
  }
}

void PartialFiles::remove_all_of(const OutputFiles& output) const {
  const std::string start = output.name + ".";
  for (auto name = names_.lower_bound(start); name != names_.end() && name->starts_with(start);
       ++name) {
    const std::string_view ending = std::string_view(*name).substr(start.size());
    if (is_ending(ending.substr(0, ending.find(kPartial)))) {
      std::filesystem::remove(folder_ / *name);
    }
  }
}

}  // namespace circuit::cli
