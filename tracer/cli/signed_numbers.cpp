#include "tracer/cli/signed_numbers.h"

#include <algorithm>
#include <cmath>

#include "export/text/output_text.h"
#include "tracer/cli/report_table.h"

namespace circuit::cli {
namespace {

constexpr int kDigits = 4;
constexpr int kMostDecimals = 12;
constexpr std::size_t kLeastWidth = 8;  // of headings

}  // namespace

SignedNumbers::SignedNumbers(double largest) {
  const int before = largest > 0.0 ? static_cast<int>(std::floor(std::log10(largest))) + 1 : 1;
  decimals_ = std::clamp(kDigits - std::min(before, 0) - std::max(before - 1, 0), 1, kMostDecimals);
  width_ = std::max(kLeastWidth, characters(text(-largest)));
}

std::string SignedNumbers::text(double value) const {
  const std::string digits = fixed_text(std::abs(value), decimals_);
  const bool zero = digits.find_first_not_of("0.") == std::string::npos;
  return (zero ? " " : value < 0.0 ? "-" : "+") + digits;
}

std::string SignedNumbers::cell(double value) const { return padded_left(text(value), width_); }

std::string SignedNumbers::heading(const std::string& name) const {
  return padded_left(name, width_);
}

std::string percent_of(double part, double whole) {
  if (whole == 0.0) return {};
  const std::string text = fixed_text(100.0 * part / whole, 1);
  return (text == "-0.0" ? "0.0" : text) + " %";
}

}  // namespace circuit::cli
