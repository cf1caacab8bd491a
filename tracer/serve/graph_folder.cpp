#include "tracer/serve/graph_folder.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace circuit::serve {
namespace {

constexpr std::string_view kIndexName = "graph-metadata.json";
constexpr std::size_t kMostEntries = 10000;
constexpr std::uint64_t kLongestHeader = 64ULL << 20;

[[noreturn]] void fail(const std::string& what) {
  const int error = errno;
  throw std::runtime_error("[serve] " + what + " (" + std::strerror(error) + ")");
}

/// Changes whenever the file does: a file that is replaced has another inode.
std::string version_of(const struct stat& status) {
  std::string version;
  for (const auto part :
       {static_cast<std::uint64_t>(status.st_dev), static_cast<std::uint64_t>(status.st_ino),
        static_cast<std::uint64_t>(status.st_size),
        static_cast<std::uint64_t>(status.st_ctim.tv_sec),
        static_cast<std::uint64_t>(status.st_ctim.tv_nsec)}) {
    version += (version.empty() ? "" : "-") + std::to_string(part);
  }
  return version;
}

/// The bytes that the header of a safetensors file takes, as the file itself says.
std::uint64_t header_size(const OpenFile& file) {
  const std::string prefix = file.read(0, 8);
  if (prefix.size() < 8) return prefix.size();
  std::uint64_t length = 0;
  std::memcpy(&length, prefix.data(), sizeof length);
  return std::min(file.size(), 8 + std::min(length, kLongestHeader));
}

std::string stem_of(std::string_view name) {
  return std::string(name.substr(0, name.size() - ending_of(name).size()));
}

std::optional<GraphSummary> summary_of_json(const std::string& name, const OpenFile& file) {
  if (file.size() > kLargestJson) {
    throw std::runtime_error("has " + std::to_string(file.size()) + " bytes, expected at most " +
                             std::to_string(kLargestJson));
  }
  const FileCopy copy(file, file.size());
  return copy.read_as(name, [](const auto& path) { return summarize_viewer_json(path); });
}

std::optional<GraphSummary> summary_of_graph_file(const std::string& name, const OpenFile& file) {
  const FileCopy copy(file, header_size(file));
  return copy.read_as(name,
                      [](const auto& path) { return std::optional(summarize_graph_file(path)); });
}

std::vector<std::string> served_names(int folder) {
  const int copy = ::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(copy < 0 ? nullptr : ::fdopendir(copy),
                                                    &::closedir);
  if (!entries) fail("the folder cannot be listed");
  std::vector<std::string> names;
  while (const dirent* const entry = ::readdir(entries.get())) {
    if (is_served_name(entry->d_name)) names.emplace_back(entry->d_name);
  }
  std::ranges::sort(names);
  return names;
}

}  // namespace

std::string_view ending_of(std::string_view name) {
  const FileKind* const kind = kind_of(name);
  return kind == nullptr ? std::string_view() : kind->ending;
}

bool is_served_name(std::string_view text) {
  const bool plain = std::ranges::all_of(
      text, [](unsigned char c) { return c >= ' ' && c != 0x7f && c != '/' && c != '\\'; });
  const std::string_view ending = ending_of(text);
  return plain && !text.starts_with('.') && !ending.empty() && text.size() > ending.size();
}

GraphFolder::GraphFolder(const std::filesystem::path& path)
    : descriptor_(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  if (descriptor_ < 0) fail(path.string() + ": cannot be opened, expected a folder");
}

GraphFolder::~GraphFolder() { ::close(descriptor_); }

std::optional<OpenFile> GraphFolder::open(const std::string& name) const {
  if (!is_served_name(name)) return std::nullopt;
  // Without O_NONBLOCK a pipe of that name would hold the thread.
  const int file =
      ::openat(descriptor_, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (file < 0) return std::nullopt;
  struct stat status {};
  if (::fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(file);
    return std::nullopt;
  }
  return OpenFile(file, static_cast<std::uint64_t>(status.st_size), version_of(status));
}

GraphFolder::Known GraphFolder::look_at(const std::string& name) {
  const auto file = open(name);
  if (!file) return {.problem = "cannot be opened, expected a readable file and no link"};
  const auto found = known_.find(name);
  if (found != known_.end() && found->second.version == file->version()) return found->second;
  Known known{.version = file->version()};
  const bool is_json = ending_of(name) == kJsonEnding;
  try {
    known.summary = is_json ? summary_of_json(name, *file) : summary_of_graph_file(name, *file);
    known.is_graph = known.summary.has_value();
  } catch (const std::exception& error) {
    known.problem = error.what();
  }
  return known;
}

FolderList GraphFolder::list() {
  const std::scoped_lock lock(mutex_);
  std::map<std::string, FolderEntry> by_stem;
  for (const std::string& name : served_names(descriptor_)) {
    FolderEntry& entry = by_stem[stem_of(name)];
    entry.endings.emplace_back(ending_of(name));
  }
  FolderList list;
  std::map<std::string, Known> known;
  for (auto& [stem, entry] : by_stem) {
    const auto has = [&, &endings = entry.endings](std::string_view ending) {
      return std::ranges::find(endings, ending) != endings.end();
    };
    const bool has_graph = has(kGraphEnding);
    if (!has_graph && (!has(kJsonEnding) || stem + std::string(kJsonEnding) == kIndexName)) {
      continue;
    }
    if (list.entries.size() == kMostEntries) {
      ++list.left_out;
      continue;
    }
    entry.name = stem;
    entry.source = stem + std::string(has_graph ? kGraphEnding : kJsonEnding);
    const Known& seen = known[entry.source] = look_at(entry.source);
    if (!seen.is_graph) continue;
    entry.summary = seen.summary;
    entry.problem = seen.problem;
    list.entries.push_back(std::move(entry));
  }
  known_ = std::move(known);
  return list;
}

}  // namespace circuit::serve
