// The score that splits off a share of the sum of many scores, without storing them. Private to
// pruning.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <numeric>
#include <vector>

namespace circuit {

/// Up to this many scores are sorted; more are narrowed down by histograms first.
inline constexpr std::size_t kSortAtMost = std::size_t{1} << 16U;

/// Calls work(0) … work(n_chunks - 1), in parallel.
void for_each_chunk(std::size_t n_chunks, const std::function<void(std::size_t)>& work);

/// The score at which the running sum of descending scores first reaches `share` of the total:
/// those at or above it are kept, ties included. Infinite when there are no positive scores; the
/// smallest one when share >= 1 (summed first to last, tiny scores may vanish in rounding).
///
/// `visit(chunk, take)` calls take(score) for every positive score of a chunk, always the same ones
/// in the same order; chunks are visited in parallel, several times. Positive doubles order like
/// their bits, so each round takes 11 bits more of the answer from the sums over equal leading
/// bits. Rounding depends on the chunks, not on the number of threads.
template <typename Visit>
class ShareThreshold {
 public:
  ShareThreshold(std::size_t n_chunks, const Visit& visit, std::size_t sort_at_most = kSortAtMost)
      : n_chunks_(n_chunks), visit_(visit), sort_at_most_(sort_at_most) {}

  double find(double share) const {
    if (share >= 1.0) return smallest();
    Range range;
    double above = 0.0, total = -1.0;
    while (range.shift > 0) {
      const Histogram histogram = count(range);
      const std::size_t scores =
          std::accumulate(histogram.counts.begin(), histogram.counts.end(), std::size_t{0});
      if (scores == 0) break;
      if (total < 0.0 && scores > sort_at_most_) total = histogram.sum();
      if (scores <= sort_at_most_) break;
      range = narrow(range, histogram, share * total, above);
    }
    return find_sorted(gather(range), share, above, total);
  }

 private:
  static constexpr unsigned kDigit = 11;
  static constexpr std::size_t kBuckets = std::size_t{1} << kDigit;

  /// Scores whose bits above `shift` are `prefix`.
  struct Range {
    unsigned shift = 63;
    std::uint64_t prefix = 0;

    bool holds(std::uint64_t bits) const { return bits >> shift == prefix; }
    unsigned next_shift() const { return shift > kDigit ? shift - kDigit : 0; }
  };

  struct Histogram {
    std::array<double, kBuckets> sums{};
    std::array<std::size_t, kBuckets> counts{};

    double sum() const { return std::accumulate(sums.rbegin(), sums.rend(), 0.0); }
  };

  Histogram count(const Range& range) const {
    std::vector<Histogram> parts(n_chunks_);
    const std::uint64_t mask = (std::uint64_t{1} << (range.shift - range.next_shift())) - 1;
    for_each_chunk(n_chunks_, [&](std::size_t chunk) {
      Histogram& part = parts[chunk];
      visit_(chunk, [&](double score) {
        const auto bits = std::bit_cast<std::uint64_t>(score);
        if (!range.holds(bits)) return;
        const std::size_t bucket = (bits >> range.next_shift()) & mask;
        part.sums[bucket] += score;
        ++part.counts[bucket];
      });
    });
    Histogram all;
    for (const Histogram& part : parts) {
      for (std::size_t bucket = 0; bucket < kBuckets; ++bucket) {
        all.sums[bucket] += part.sums[bucket];
        all.counts[bucket] += part.counts[bucket];
      }
    }
    return all;
  }

  /// The bucket in which the running sum reaches `wanted`; `above` grows by those before it.
  static Range narrow(const Range& range, const Histogram& histogram, double wanted,
                      double& above) {
    std::size_t chosen = kBuckets;
    for (std::size_t bucket = kBuckets; bucket-- > 0;) {
      if (histogram.counts[bucket] == 0) continue;
      if (chosen != kBuckets) above += histogram.sums[chosen];
      chosen = bucket;
      if (above + histogram.sums[bucket] >= wanted) break;
    }
    const unsigned digits = range.shift - range.next_shift();
    return {range.next_shift(), (range.prefix << digits) | chosen};
  }

  std::vector<double> gather(const Range& range) const {
    if (range.shift == 0) return {std::bit_cast<double>(range.prefix)};
    std::vector<std::vector<double>> parts(n_chunks_);
    for_each_chunk(n_chunks_, [&](std::size_t chunk) {
      visit_(chunk, [&](double score) {
        if (range.holds(std::bit_cast<std::uint64_t>(score))) parts[chunk].push_back(score);
      });
    });
    std::vector<double> scores;
    for (const auto& part : parts) scores.insert(scores.end(), part.begin(), part.end());
    return scores;
  }

  /// `total` < 0: of these scores themselves.
  static double find_sorted(std::vector<double> scores, double share, double running,
                            double total) {
    if (scores.empty()) return std::numeric_limits<double>::infinity();
    std::ranges::sort(scores, std::greater<>());
    if (total < 0.0) total = std::accumulate(scores.begin(), scores.end(), 0.0);
    for (const double score : scores) {
      running += score;
      if (running / total >= share) return score;
    }
    return scores.back();
  }

  double smallest() const {
    std::vector<double> parts(n_chunks_, std::numeric_limits<double>::infinity());
    for_each_chunk(n_chunks_, [&](std::size_t chunk) {
      double least = parts[chunk];
      visit_(chunk, [&](double score) { least = std::min(least, score); });
      parts[chunk] = least;
    });
    return parts.empty() ? std::numeric_limits<double>::infinity() : std::ranges::min(parts);
  }

  std::size_t n_chunks_;
  const Visit& visit_;
  std::size_t sort_at_most_;
};

/// See ShareThreshold.
template <typename Visit>
double threshold_score(std::size_t n_chunks, double share, const Visit& visit,
                       std::size_t sort_at_most = kSortAtMost) {
  return ShareThreshold<Visit>(n_chunks, visit, sort_at_most).find(share);
}

}  // namespace circuit
