// Rendered pages, kept up to a number of bytes; the longest unused go first.
#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <string>

namespace circuit::serve {

class PageCache {
 public:
  using Page = std::shared_ptr<const std::string>;

  explicit PageCache(std::size_t most_bytes) : most_bytes_(most_bytes) {}

  /// Null when it is not there, or of another version.
  Page find(const std::string& name, const std::string& version);
  /// In place of an older version. A page larger than the cache is not kept.
  void keep(const std::string& name, const std::string& version, Page page);
  std::size_t bytes() const;

 private:
  struct Entry {
    std::string name, version;
    Page page;
  };

  void drop(std::list<Entry>::iterator entry);

  const std::size_t most_bytes_;
  mutable std::mutex mutex_;
  std::list<Entry> entries_;  // the last used first
  std::size_t bytes_ = 0;
};

}  // namespace circuit::serve
