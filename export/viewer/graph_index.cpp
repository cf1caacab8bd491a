#include "export/viewer/graph_index.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <simdjson.h>
#include <sys/file.h>
#include <unistd.h>

namespace circuit {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kIndexName = "graph-metadata.json";

[[noreturn]] void fail(const std::filesystem::path& path, const std::string& reason) {
  throw std::runtime_error("[graph_index] " + path.string() + ": " + reason);
}

std::string_view without_space(std::string_view text) {
  const std::size_t at = text.find_first_not_of(" \t\r\n");
  return at == std::string_view::npos ? std::string_view() : text.substr(at);
}

/// What stands behind `{ "metadata" :` when `text` begins so.
std::optional<std::string_view> after_metadata_key(std::string_view text) {
  for (const std::string_view piece : {"{", "\"metadata\"", ":"}) {
    text = without_space(text);
    if (!text.starts_with(piece)) return std::nullopt;
    text.remove_prefix(piece.size());
  }
  return without_space(text);
}

/// The extent of the object that `text` begins with; empty when `text` ends before the object.
std::string_view first_object(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{') {
      ++depth;
    } else if (c == '}' && --depth == 0) {
      return text.substr(0, i + 1);
    }
  }
  return {};
}

/// Appends up to `size` more bytes; false at the end of the file.
bool read_more(std::ifstream& file, std::size_t size, std::string& text) {
  const std::size_t before = text.size();
  text.resize(before + size);
  file.read(text.data() + before, static_cast<std::streamsize>(size));
  text.resize(before + static_cast<std::size_t>(file.gcount()));
  return text.size() > before;
}

/// The metadata of a file that puts it first, as ours and circuit-tracer's do; empty for others.
std::optional<Json> leading_metadata(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file && errno == ENOENT) return std::nullopt;  // removed since the folder was listed
  if (!file) fail(path, std::string("cannot be opened (") + std::strerror(errno) + ")");
  std::string text;
  for (std::size_t size = 16384; read_more(file, size, text); size *= 2) {
    const auto rest = after_metadata_key(text);
    if (!rest || (!rest->empty() && rest->front() != '{')) return std::nullopt;
    const std::string_view object = first_object(*rest);
    if (object.empty()) continue;
    Json metadata = Json::parse(object, nullptr, /*allow_exceptions=*/false);
    if (metadata.is_discarded()) fail(path, "metadata is broken JSON, expected an object");
    return metadata;
  }
  if (after_metadata_key(text)) fail(path, "the file ends inside its metadata");
  return std::nullopt;
}

/// The metadata of a graph whose keys stand in another order; empty for any other file.
std::optional<Json> inner_metadata(const std::filesystem::path& path) {
  simdjson::dom::parser parser;
  simdjson::dom::element document;
  simdjson::dom::element metadata;
  if (parser.load(path.string()).get(document) != simdjson::SUCCESS ||
      document["nodes"].error() != simdjson::SUCCESS ||
      document["links"].error() != simdjson::SUCCESS ||
      document["metadata"].get(metadata) != simdjson::SUCCESS || !metadata.is_object()) {
    return std::nullopt;
  }
  return Json::parse(simdjson::minify(metadata));
}

bool names_a_graph(const Json& metadata) {
  return metadata.contains("slug") && metadata.contains("scan") && metadata.contains("prompt");
}

std::vector<std::filesystem::path> json_files(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(".json") && !name.starts_with('.') && name != kIndexName &&
        entry.is_regular_file()) {
      files.push_back(entry.path());
    }
  }
  std::ranges::sort(files);
  return files;
}

bool cannot_lock_folders(int error) {
  return error == EBADF || error == EINVAL || error == EOPNOTSUPP || error == ENOLCK;
}

}  // namespace

FolderLock::FolderLock(const std::filesystem::path& folder)
    : descriptor_(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  if (descriptor_ < 0) {
    fail(folder, std::string("cannot be opened as a folder (") + std::strerror(errno) + ")");
  }
  while (::flock(descriptor_, LOCK_EX) != 0) {
    const int error = errno;
    if (cannot_lock_folders(error)) return;
    if (error == EINTR) continue;
    ::close(descriptor_);
    fail(folder, std::string("cannot be locked (") + std::strerror(error) + ")");
  }
}

FolderLock::~FolderLock() { ::close(descriptor_); }

std::string graph_index(const std::filesystem::path& folder) {
  Json graphs = Json::array();
  for (const std::filesystem::path& path : json_files(folder)) {
    std::optional<Json> metadata = leading_metadata(path);
    if (!metadata) metadata = inner_metadata(path);
    if (!metadata || !names_a_graph(*metadata)) continue;
    (*metadata)["slug"] = path.stem().string();
    graphs.push_back(std::move(*metadata));
  }
  Json index;
  index["graphs"] = std::move(graphs);
  return index.dump(2, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace) + "\n";
}

}  // namespace circuit
