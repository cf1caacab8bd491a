// Signed numbers of one unit as columns show them: with as many decimals as give the largest of
// them four digits, so that what adds up can be seen to.
#pragma once

#include <cstddef>
#include <string>

namespace circuit::cli {

class SignedNumbers {
 public:
  /// Of magnitudes up to `largest`.
  explicit SignedNumbers(double largest);

  /// `+0.1200`.
  std::string text(double value) const;
  /// The same with spaces before it up to the width of a column, and what stands above it.
  std::string cell(double value) const;
  std::string heading(const std::string& name) const;

 private:
  int decimals_ = 0;
  std::size_t width_ = 0;
};

/// `24.9 %` of a whole, `-3.1 %`; empty when the whole is 0.
std::string percent_of(double part, double whole);

}  // namespace circuit::cli
