// SVG text of simple drawings, piece by piece. Lengths are pixels, y grows downwards; texts are
// data and come out escaped. Private to pictures that need no Graphviz.
#pragma once

#include <string>
#include <string_view>

namespace circuit {

enum class SvgAnchor { kStart, kMiddle, kEnd };

struct SvgTextStyle {
  double size = 11;
  bool bold = false;
  SvgAnchor anchor = SvgAnchor::kStart;
  std::string_view colour = "#1B2530";
  double turned = 0;  ///< Degrees, clockwise around its own place.
};

struct SvgRectStyle {
  std::string_view fill = "none";
  std::string_view stroke = "none";
  double line = 1;
  std::string_view title{};  ///< Shown by viewers when the pointer is over it.
};

/// Two decimals at most.
std::string svg_number(double value);

class SvgWriter {
 public:
  /// `y` is the base line.
  void text(double x, double y, std::string_view text, const SvgTextStyle& style = {});
  void rect(double x, double y, double width, double height, const SvgRectStyle& style);
  /// Markup as it is.
  void raw(std::string_view markup) { body_ += markup; }

  /// The file, on white, in DejaVu Sans. `definitions` is markup.
  std::string finish(double width, double height, std::string_view title,
                     std::string_view definitions) const;

 private:
  std::string body_;
};

}  // namespace circuit
