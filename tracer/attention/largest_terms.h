// The largest terms of each sign out of many, in one pass.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace circuit {

/// Keeps the `top` largest positive and the `top` most negative of all values added; ties by place.
class LargestTerms {
 public:
  struct Term {
    std::size_t place = 0;
    double value = 0;
  };

  explicit LargestTerms(std::size_t top) : top_(top) {}

  /// Values of places first, first + 1, …
  template <class T>
  void add(const T* values, std::size_t count, std::size_t first) {
    if (top_ == 0) return;
    for (std::size_t i = 0; i < count; ++i) {
      const auto value = static_cast<double>(values[i]);
      if (value > least_[0]) keep(0, {.place = first + i, .value = value});
      if (-value > least_[1]) keep(1, {.place = first + i, .value = value});
    }
  }

  /// By magnitude, the largest first.
  std::vector<Term> sorted() const {
    std::vector<Term> all = kept_[0];
    all.insert(all.end(), kept_[1].begin(), kept_[1].end());
    std::ranges::sort(all, stronger);
    return all;
  }

 private:
  static bool stronger(const Term& a, const Term& b) {
    const double x = std::abs(a.value), y = std::abs(b.value);
    return x != y ? x > y : a.place < b.place;
  }

  void keep(std::size_t sign, const Term& term) {
    std::vector<Term>& heap = kept_[sign];
    heap.push_back(term);
    std::ranges::push_heap(heap, stronger);
    if (heap.size() > top_) {
      std::ranges::pop_heap(heap, stronger);
      heap.pop_back();
    }
    if (heap.size() == top_) least_[sign] = std::abs(heap.front().value);
  }

  std::size_t top_;
  std::vector<Term> kept_[2];  // positive, negative: heaps with the weakest in front
  double least_[2] = {0.0, 0.0};
};

}  // namespace circuit
