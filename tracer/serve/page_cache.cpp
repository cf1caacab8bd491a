#include "tracer/serve/page_cache.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace circuit::serve {

PageCache::Page PageCache::find(const std::string& name, const std::string& version) {
  const std::scoped_lock lock(mutex_);
  const auto found = std::ranges::find(entries_, name, &Entry::name);
  if (found == entries_.end() || found->version != version) return nullptr;
  entries_.splice(entries_.begin(), entries_, found);
  return found->page;
}

void PageCache::keep(const std::string& name, const std::string& version, Page page) {
  const std::scoped_lock lock(mutex_);
  const auto older = std::ranges::find(entries_, name, &Entry::name);
  if (older != entries_.end()) drop(older);
  if (page->size() > most_bytes_) return;
  bytes_ += page->size();
  entries_.push_front({name, version, std::move(page)});
  while (bytes_ > most_bytes_) drop(std::prev(entries_.end()));
}

std::size_t PageCache::bytes() const {
  const std::scoped_lock lock(mutex_);
  return bytes_;
}

void PageCache::drop(std::list<Entry>::iterator entry) {
  bytes_ -= entry->page->size();
  entries_.erase(entry);
}

}  // namespace circuit::serve
