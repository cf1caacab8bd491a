#include "export/patterns/svg_writer.h"

#include <cmath>

#include "export/text/output_text.h"

namespace circuit {
namespace {

std::string attribute(std::string_view name, std::string_view value) {
  return " " + std::string(name) + "=\"" + std::string(value) + "\"";
}

std::string attribute(std::string_view name, double value) {
  return attribute(name, svg_number(value));
}

std::string_view anchor_name(SvgAnchor anchor) {
  return anchor == SvgAnchor::kMiddle ? "middle" : "end";
}

}  // namespace

std::string svg_number(double value) {
  return number_text(std::round(value * 100) / 100 + 0.0);  // + 0.0: never -0
}

void SvgWriter::text(double x, double y, std::string_view text, const SvgTextStyle& style) {
  body_ += "<text" + attribute("x", x) + attribute("y", y) + attribute("font-size", style.size);
  if (style.bold) body_ += attribute("font-weight", "bold");
  if (style.anchor != SvgAnchor::kStart) {
    body_ += attribute("text-anchor", anchor_name(style.anchor));
  }
  body_ += attribute("fill", style.colour);
  if (style.turned != 0) {
    body_ += attribute("transform", "rotate(" + svg_number(style.turned) + " " + svg_number(x) +
                                        " " + svg_number(y) + ")");
  }
  body_ += ">" + escape_xml(text) + "</text>\n";
}

void SvgWriter::rect(double x, double y, double width, double height, const SvgRectStyle& style) {
  body_ += "<rect" + attribute("x", x) + attribute("y", y) + attribute("width", width) +
           attribute("height", height) + attribute("fill", style.fill);
  if (style.stroke != "none") {
    body_ += attribute("stroke", style.stroke) + attribute("stroke-width", style.line);
  }
  body_ +=
      style.title.empty() ? "/>\n" : "><title>" + escape_xml(style.title) + "</title></rect>\n";
}

std::string SvgWriter::finish(double width, double height, std::string_view title,
                              std::string_view definitions) const {
  return "<svg xmlns=\"http://www.w3.org/2000/svg\"" + attribute("width", width) +
         attribute("height", height) +
         attribute("viewBox", "0 0 " + svg_number(width) + " " + svg_number(height)) +
         " font-family=\"DejaVu Sans, Verdana, sans-serif\">\n<title>" + escape_xml(title) +
         "</title>\n" + std::string(definitions) +
         "<rect width=\"100%\" height=\"100%\" fill=\"#FFFFFF\"/>\n" + body_ + "</svg>\n";
}

}  // namespace circuit
