#include "tracer/cli/engine/error_list.h"

#include <fstream>
#include <map>
#include <utility>

#include <nlohmann/json.hpp>

#include "export/viewer/graph_index.h"
#include "tracer/cli/engine/partial_files.h"
#include "tracer/cli/listed_error.h"
#include "transcoders/weights/atomic_file.h"

namespace circuit::cli {
namespace {

using Lines = std::map<std::string, std::string>;  // name -> line with its line break

Lines read_lines(const std::filesystem::path& path) {
  Lines lines;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const auto object = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!object.is_object() || !object.contains("name") || !object["name"].is_string()) continue;
    lines[object["name"].get<std::string>()] = line + "\n";
  }
  return lines;
}

void write(const std::filesystem::path& path, const std::string& text) {
  if (!text.empty()) {
    write_file_atomically(path, text);
  } else {
    std::filesystem::remove(path);
  }
}

/// What `change` makes of the lines, in place of them.
void rewrite(const std::filesystem::path& path, const std::function<void(Lines&)>& change) {
  const FolderLock lock(path.parent_path());
  Lines lines = read_lines(path);
  change(lines);
  std::string text;
  for (const auto& [name, line] : lines) text += line;
  write(path, text);
}

}  // namespace

std::filesystem::path ErrorList::path() const { return folder_ / "errors.jsonl"; }

void ErrorList::add(const ListedPrompt& prompt, const std::string& error) {
  rewrite(path(), [&](Lines& lines) { lines[prompt.name] = listed_error_json(prompt, error); });
}

void ErrorList::remove(const ListedPrompt& prompt) {
  if (known_.erase(prompt.name) == 0) return;
  rewrite(path(), [&](Lines& lines) { lines.erase(prompt.name); });
}

std::size_t ErrorList::settle(std::span<const ListedPrompt> prompts,
                              const std::function<bool(const ListedPrompt&)>& is_done) {
  const FolderLock lock(folder_);
  PartialFiles(folder_).remove(path());
  known_.clear();
  const Lines lines = read_lines(path());
  std::string text;
  for (const ListedPrompt& prompt : prompts) {
    const auto found = lines.find(prompt.name);
    if (found == lines.end() || is_done(prompt)) continue;
    known_.insert(prompt.name);
    text += found->second;
  }
  // An unchanged file need not be written anew by every process that begins.
  if (!text.empty() || !lines.empty()) write(path(), text);
  return known_.size();
}

}  // namespace circuit::cli
