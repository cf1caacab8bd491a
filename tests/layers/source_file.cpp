#include "tests/layers/source_file.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace circuit::layers {
namespace {

std::string read_text(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) throw std::runtime_error("[read_sources] cannot read " + path.string());
  return {std::istreambuf_iterator<char>(stream), {}};
}

bool is_source(const std::filesystem::path& path) {
  const auto extension = path.extension();
  return extension == ".h" || extension == ".cpp" || extension == ".cu";
}

}  // namespace

SourceFile parse_source(std::string path, std::string_view text) {
  static const std::regex pattern(R"(^\s*#\s*include\s*([<"])([^>"]+)[>"])");
  SourceFile file{.path = std::move(path), .includes = {}};
  std::istringstream stream{std::string(text)};
  std::string line;
  for (int number = 1; std::getline(stream, line); ++number) {
    std::smatch match;
    if (std::regex_search(line, match, pattern)) {
      file.includes.push_back({.path = match[2], .quoted = match[1] == "\"", .line = number});
    }
  }
  return file;
}

std::vector<SourceFile> read_sources(const std::filesystem::path& root,
                                     std::span<const std::string> folders) {
  std::vector<SourceFile> files;
  for (const std::string& folder : folders) {
    if (!std::filesystem::exists(root / folder)) continue;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root / folder)) {
      if (!entry.is_regular_file() || !is_source(entry.path())) continue;
      files.push_back(parse_source(entry.path().lexically_relative(root).generic_string(),
                                   read_text(entry.path())));
    }
  }
  std::ranges::sort(files, {}, &SourceFile::path);
  return files;
}

}  // namespace circuit::layers
