#include "graph/linkage.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <queue>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>

namespace circuit {
namespace {

/// A pair of clusters as it was when it was noted; each is named by its first member.
struct Candidate {
  double mean = 0;
  std::size_t first = 0;
  std::size_t second = 0;
  std::size_t size = 0;  ///< members of both, by which outdated candidates are told

  /// Order of std::priority_queue: the greatest comes first.
  friend bool operator<(const Candidate& a, const Candidate& b) {
    return std::tuple(a.mean, b.first, b.second) < std::tuple(b.mean, a.first, a.second);
  }
};

class Linkage {
 public:
  Linkage(std::size_t n_items, std::span<const AlikePair> pairs, double least)
      : least_(least), members_(n_items), sums_(n_items) {
    for (std::size_t item = 0; item < n_items; ++item) members_[item] = {item};
    for (const AlikePair& pair : pairs) {
      sums_[pair.first][pair.second] = pair.similarity;
      sums_[pair.second][pair.first] = pair.similarity;
      note(pair.first, pair.second);
    }
  }

  std::vector<std::vector<std::size_t>> run() {
    while (!candidates_.empty()) {
      const Candidate best = candidates_.top();
      candidates_.pop();
      if (is_current(best)) merge(best.first, best.second);
    }
    std::vector<std::vector<std::size_t>> clusters;
    for (auto& members : members_) {
      if (members.empty()) continue;
      std::ranges::sort(members);
      clusters.push_back(std::move(members));
    }
    return clusters;
  }

 private:
  double mean_of(std::size_t a, std::size_t b) const {
    return sums_[a].at(b) / static_cast<double>(members_[a].size() * members_[b].size());
  }

  void note(std::size_t a, std::size_t b) {
    const double mean = mean_of(a, b);
    if (mean < least_) return;
    candidates_.push({.mean = mean,
                      .first = std::min(a, b),
                      .second = std::max(a, b),
                      .size = members_[a].size() + members_[b].size()});
  }

  // Clusters only grow, so equal sizes mean that neither has changed.
  bool is_current(const Candidate& candidate) const {
    const auto& first = members_[candidate.first];
    const auto& second = members_[candidate.second];
    return !first.empty() && !second.empty() && first.size() + second.size() == candidate.size;
  }

  // `into` < `from`, so that a cluster keeps the name of its first member.
  void merge(std::size_t into, std::size_t from) {
    members_[into].insert(members_[into].end(), members_[from].begin(), members_[from].end());
    members_[from].clear();
    std::map<std::size_t, double>& sums = sums_[into];
    sums.erase(from);
    for (const auto& [other, sum] : sums_[from]) {
      sums_[other].erase(from);
      if (other != into) sums[other] += sum;
    }
    sums_[from].clear();
    for (const auto& [other, sum] : sums) {
      sums_[other][into] = sum;
      note(into, other);
    }
  }

  double least_;
  std::vector<std::vector<std::size_t>> members_;    // [items]; empty = merged into another
  std::vector<std::map<std::size_t, double>> sums_;  // of similarities to other clusters
  std::priority_queue<Candidate> candidates_;
};

}  // namespace

std::vector<std::vector<std::size_t>> cluster(std::size_t n_items, std::span<const AlikePair> pairs,
                                              double least) {
  if (!(least > 0)) {
    throw std::invalid_argument("[cluster] threshold " + std::to_string(least) +
                                ", expected one above 0");
  }
  for (const AlikePair& pair : pairs) {
    if (pair.first < pair.second && pair.second < n_items && std::isfinite(pair.similarity)) {
      continue;
    }
    throw std::invalid_argument("[cluster] pair (" + std::to_string(pair.first) + ", " +
                                std::to_string(pair.second) + ") of similarity " +
                                std::to_string(pair.similarity) + " among " +
                                std::to_string(n_items) + " items");
  }
  return Linkage(n_items, pairs, least).run();
}

}  // namespace circuit
