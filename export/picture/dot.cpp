#include "export/picture/dot.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string_view>
#include <utility>

#include <graphviz/gvc.h>

#include "export/picture/dot_text.h"
#include "export/text/output_text.h"

namespace circuit {
namespace {

constexpr double kPointsPerInch = 72;
constexpr double kMostPixels = 16000;      // of a side
constexpr double kMostPixelsInAll = 60e6;  // 4 bytes each while they are drawn

struct FreeContext {
  void operator()(GVC_t* context) const { gvFreeContext(context); }
};

/// What a process needs exactly once: two contexts in two threads crash, and Graphviz's pango
/// plugin keeps a pointer to a font's name in the first context that it saw, also after that was
/// freed.
struct Graphviz {
  std::mutex mutex;
  std::unique_ptr<GVC_t, FreeContext> context{gvContext()};
};

Graphviz& graphviz() {
  static Graphviz instance;
  return instance;
}

struct CloseGraph {
  void operator()(Agraph_t* graph) const { agclose(graph); }
};
struct FreeData {
  void operator()(char* data) const { gvFreeRenderData(data); }
};

/// A laid-out graph; forgets the layout before the graph is closed.
class LaidOut {
 public:
  LaidOut(GVC_t* context, Agraph_t* graph) : context_(context), graph_(graph) {
    if (gvLayout(context, graph, "nop2") != 0) {
      throw std::runtime_error("[render] Graphviz cannot lay out the picture with nop2");
    }
  }
  ~LaidOut() { gvFreeLayout(context_, graph_); }
  LaidOut(const LaidOut&) = delete;  // owns the layout
  LaidOut& operator=(const LaidOut&) = delete;

 private:
  GVC_t* context_;
  Agraph_t* graph_;
};

const char* graphviz_format(PictureFormat format) {
  switch (format) {
    case PictureFormat::kSvg:
      return "svg";
    case PictureFormat::kPng:
      return "png";
    case PictureFormat::kPdf:
      return "pdf";
    case PictureFormat::kDot:
      break;
  }
  return "dot";
}

/// The lowest and the highest point of everything that is drawn.
std::pair<Point, Point> extent_of(const Picture& picture) {
  Point low, high;
  const auto cover = [&](Point point) {
    low = {std::min(low.x, point.x), std::min(low.y, point.y)};
    high = {std::max(high.x, point.x), std::max(high.y, point.y)};
  };
  for (const Curve& curve : picture.curves) std::ranges::for_each(curve.points, cover);
  for (const Shape& shape : picture.shapes) {
    cover(shape.from);
    cover(shape.to);
  }
  for (const Text& text : picture.texts) {
    cover(text.at);
    cover({text.at.x + text_width(text.text, text.size), text.at.y});
  }
  return {low, high};
}

/// What was asked for, or as much as keeps the picture's pixels within their limits.
double resolution_of(const Picture& picture, double dots_per_inch) {
  const auto [low, high] = extent_of(picture);
  const double width = std::max((high.x - low.x) / kPointsPerInch, 1.0);
  const double height = std::max((high.y - low.y) / kPointsPerInch, 1.0);
  return std::min({dots_per_inch, kMostPixels / std::max(width, height),
                   std::sqrt(kMostPixelsInAll / (width * height))});
}

/// A library prints no warnings; Graphviz would.
class Quiet {
 public:
  Quiet() : before_(agseterr(AGMAX)) {}
  ~Quiet() { agseterr(before_); }
  Quiet(const Quiet&) = delete;  // owns a global setting
  Quiet& operator=(const Quiet&) = delete;

 private:
  agerrlevel_t before_;
};

std::string draw(const std::string& dot, double dots_per_inch, PictureFormat format) {
  Graphviz& shared = graphviz();
  const std::lock_guard lock(shared.mutex);
  const Quiet quiet;
  GVC_t* const context = shared.context.get();
  const std::unique_ptr<Agraph_t, CloseGraph> graph(agmemread(dot.c_str()));
  if (!graph) throw std::runtime_error("[render] Graphviz cannot read the picture's DOT text");
  if (format == PictureFormat::kPng) {
    std::string key = "dpi", value = fixed_text(dots_per_inch, 1), none;
    agsafeset(graph.get(), key.data(), value.data(), none.data());
  }
  const LaidOut layout(context, graph.get());
  char* data = nullptr;
  unsigned int size = 0;
  const int failed = gvRenderData(context, graph.get(), graphviz_format(format), &data, &size);
  const std::unique_ptr<char, FreeData> owned(data);
  if (failed != 0 || data == nullptr) {
    throw std::runtime_error(std::string("[render] Graphviz cannot write ") +
                             graphviz_format(format) +
                             ": is its plugin (libgvplugin_pango) there?");
  }
  return {data, size};
}

}  // namespace

std::string render(const AttributionGraph& graph, const PrunedGraph& pruned,
                   const PictureOptions& options, PictureFormat format) {
  PictureOptions chosen = options;
  if (format == PictureFormat::kDot) chosen.most_edges = 0;  // read by programs too
  const Picture picture = lay_out(graph, pruned, chosen);
  const std::string text = dot_text(graph, pruned, picture);
  if (format == PictureFormat::kDot) return text;
  return draw(text, resolution_of(picture, options.dots_per_inch), format);
}

}  // namespace circuit
