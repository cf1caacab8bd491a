#include "tracer/study/study_folder.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "transcoders/weights/atomic_file.h"

namespace circuit {
namespace {

// `NAME.partial.PID` of a file that studies write.
bool is_partial(const std::string& name, bool outermost) {
  constexpr std::string_view kPartial = ".partial.";
  const std::size_t at = name.rfind(kPartial);
  if (at == name.npos || name.find_first_not_of("0123456789", at + kPartial.size()) != name.npos) {
    return false;
  }
  const std::string whole = name.substr(0, at);
  if (!outermost) return whole.ends_with(".graph.safetensors") || whole.ends_with(".svg");
  constexpr std::array<const char*, 6> kFiles = {"study.resolved.yaml", "results.csv",
                                                 "summary.csv",         "report.html",
                                                 "provenance.json",     "errors.jsonl"};
  return std::ranges::find(kFiles, whole) != kFiles.end();
}

}  // namespace

void StudyFolder::remove_partial_files() const {
  for (const char* const folder : {"", "graphs", "plots"}) {
    const bool outermost = *folder == '\0';
    const std::filesystem::path path = outermost ? path_ : path_ / folder;
    if (!std::filesystem::is_directory(path)) continue;
    std::vector<std::filesystem::path> found;
    for (const auto& entry : std::filesystem::directory_iterator(path)) {
      if (is_partial(entry.path().filename().string(), outermost)) found.push_back(entry.path());
    }
    for (const auto& file : found) std::filesystem::remove(file);
  }
}

void StudyFolder::write(const std::filesystem::path& name, const std::string& text) {
  const std::filesystem::path path = path_ / name;
  std::filesystem::create_directories(path.parent_path());
  write_file_atomically(path, text);
  files_.push_back(path);
}

void StudyFolder::remove(const std::string& name) const { std::filesystem::remove(path_ / name); }

}  // namespace circuit
