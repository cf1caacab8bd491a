// What is answered to which path. Knows nothing of sockets.
#pragma once

#include <filesystem>
#include <functional>
#include <mutex>
#include <string>

#include "export/names/feature_labels.h"
#include "tracer/serve/graph_folder.h"
#include "tracer/serve/page_cache.h"
#include "tracer/serve/reply.h"
#include "tracer/serve/request_head.h"

namespace circuit::serve {

struct SiteOptions {
  std::filesystem::path folder;
  std::string title;       ///< of the list: the folder as people know it
  FeatureLabels labels{};  ///< of every graph, in place of its own
  /// Bytes of viewer pages that are kept.
  std::size_t cache_bytes = 256ULL << 20;
};

/// `/` the list, `/graphs/NAME` the viewer of a graph, `/files/FILE` a file as it is. Everything is
/// looked up anew; a viewer page is made again when its graph has changed. Safe to use from many
/// threads; one page is made at a time.
class Site {
 public:
  /// Throws std::runtime_error when the folder cannot be read.
  explicit Site(SiteOptions options);

  /// Failures are replies too.
  Reply respond(const RequestHead& request);

 private:
  Reply list();
  Reply file(const RequestHead& request, const std::string& name) const;
  PageCache::Page page_of(const std::string& name, const OpenFile& opened);
  Reply viewer(const RequestHead& request, const std::string& name);

  SiteOptions options_;
  GraphFolder folder_;
  std::mutex mutex_;  // of making pages
  PageCache pages_;
};

}  // namespace circuit::serve
