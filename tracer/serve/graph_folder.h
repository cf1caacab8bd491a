// The folder that is served: which graphs lie in it, and its files, opened so that nothing outside
// it can be reached. Looks at the disk anew each time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "export/file/graph_summary.h"
#include "tracer/serve/file_kind.h"
#include "tracer/serve/open_file.h"

namespace circuit::serve {

/// Bytes of a graph's JSON that is read: what Neuronpedia takes.
inline constexpr std::uint64_t kLargestJson = 100ULL << 20;

struct FolderEntry {
  std::string name;                  ///< of the graph, without ending
  std::vector<std::string> endings;  ///< of its files, sorted
  std::string source;                ///< the file that the summary is of
  std::optional<GraphSummary> summary;
  std::string problem;  ///< one line when there is no summary
};

struct FolderList {
  std::vector<FolderEntry> entries;  ///< by name
  std::size_t left_out = 0;          ///< graphs past the limit of a list
};

/// `text` one component, not hidden, without control characters and backslashes, and with one of
/// the known endings.
bool is_served_name(std::string_view text);
/// Of a served name: its known ending.
std::string_view ending_of(std::string_view name);

/// Files are opened relative to the folder's own descriptor, one component, with O_NOFOLLOW, and
/// only regular files count: a name that is swapped for a link between two looks is still refused.
/// Safe to use from many threads.
class GraphFolder {
 public:
  /// Throws std::runtime_error `[serve] PATH: …` when it is no folder that can be read.
  explicit GraphFolder(const std::filesystem::path& path);
  ~GraphFolder();
  GraphFolder(const GraphFolder&) = delete;  // owns a descriptor
  GraphFolder& operator=(const GraphFolder&) = delete;

  /// Empty for a name that is not served, and for what is no regular file of the folder.
  std::optional<OpenFile> open(const std::string& name) const;

  /// The graphs: every NAME.graph.safetensors, and every NAME.json that is a graph. What was read
  /// of a file is kept until the file changes.
  FolderList list();

 private:
  struct Known {
    std::string version;
    std::optional<GraphSummary> summary;
    std::string problem;
    bool is_graph = true;
  };
  Known look_at(const std::string& name);

  int descriptor_ = -1;
  std::mutex mutex_;
  std::map<std::string, Known> known_;
};

}  // namespace circuit::serve
