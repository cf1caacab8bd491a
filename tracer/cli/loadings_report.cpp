#include "tracer/cli/loadings_report.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "export/names/head_ids.h"
#include "export/names/node_names.h"
#include "tracer/cli/json_line.h"
#include "tracer/cli/report_table.h"
#include "tracer/cli/signed_numbers.h"

namespace circuit::cli {
namespace {

using Json = nlohmann::ordered_json;
using Rows = std::vector<std::vector<std::string>>;

// A head has a row of its own when a number of it is at least this share of Σ|terms|, and a number
// of heads passed when its part is.
constexpr double kShownHead = 0.02;
constexpr double kShownHops = 0.001;

double sum(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

/// Loadings with what can be read off them.
class Loadings {
 public:
  explicit Loadings(const HeadLoadings& values) : v_(values) {}

  std::size_t n_layers() const { return static_cast<std::size_t>(v_.n_layers); }
  std::size_t n_heads() const { return static_cast<std::size_t>(v_.n_heads); }
  std::span<const double> of_layer(const std::vector<double>& values, std::size_t i) const {
    return std::span(values).subspan(i * n_heads(), n_heads());
  }
  Head head(std::size_t i, std::size_t h) const {
    return {.layer = v_.first_layer + static_cast<std::int32_t>(i),
            .head = static_cast<std::int32_t>(h)};
  }
  bool matters(std::size_t i, std::size_t h) const {
    const std::size_t at = i * n_heads() + h;
    const double most =
        std::max({std::abs(v_.through[at]), std::abs(v_.last[at]), std::abs(v_.alone[at])});
    return most > 0.0 && most >= kShownHead * v_.absolute_sum;
  }

  /// The larger of both sums' distances from the edge.
  double error() const {
    double error = std::abs(v_.residual + sum(v_.last) - v_.edge);
    for (std::size_t i = 0; i < n_layers(); ++i) {
      error = std::max(error, std::abs(v_.past[i] + sum(of_layer(v_.through, i)) - v_.edge));
    }
    return relative(error);
  }
  double stored_error() const { return relative(std::abs(v_.edge - v_.stored)); }

  double largest() const {
    double most = std::max(std::abs(v_.edge), std::abs(v_.residual));
    for (const auto* values : {&v_.past, &v_.through, &v_.last, &v_.by_hops}) {
      for (const double value : *values) most = std::max(most, std::abs(value));
    }
    return most;
  }

 private:
  double relative(double error) const { return v_.absolute_sum > 0 ? error / v_.absolute_sum : 0; }

  const HeadLoadings& v_;
};

std::string layers_text(const HeadLoadings& loadings) {
  const std::int32_t last = loadings.first_layer + loadings.n_layers - 1;
  if (loadings.n_layers == 0) return "no attention lies between its ends";
  if (loadings.n_layers == 1) return "by the attention of layer " + std::to_string(last);
  return "by the attention of layers " + std::to_string(loadings.first_layer) + " to " +
         std::to_string(last);
}

std::vector<std::string> hop_lines(const HeadLoadings& loadings, const SignedNumbers& numbers) {
  const std::vector<double>& hops = loadings.by_hops;
  std::size_t shown = hops.size();
  while (shown > 1 && std::abs(hops[shown - 1]) < kShownHops * loadings.absolute_sum) --shown;
  Rows rows = {{"heads", numbers.heading("part"), "of the edge"}};
  const auto add = [&](const std::string& name, double part) {
    rows.push_back({name, numbers.cell(part), padded_left(percent_of(part, loadings.edge), 11)});
  };
  for (std::size_t i = 0; i < shown; ++i) add(std::to_string(i), hops[i]);
  if (shown < hops.size()) {
    const std::string rest =
        shown + 1 < hops.size() ? " to " + std::to_string(hops.size() - 1) : "";
    add(std::to_string(shown) + rest, sum(std::span(hops).subspan(shown)));
  }
  return aligned_columns(rows);
}

class HeadRows {
 public:
  HeadRows(const HeadLoadings& values, const SignedNumbers& numbers)
      : v_(values), loadings_(values), numbers_(numbers) {}

  std::vector<std::string> lines() && {
    rows_ = {{"layer", "head", numbers_.heading("through"), numbers_.heading("last"),
              numbers_.heading("alone")}};
    for (std::size_t i = 0; i < loadings_.n_layers(); ++i) add_layer(i);
    rows_.push_back({"all", "residual", "", numbers_.cell(v_.residual), ""});
    rows_.push_back(
        {"", "sum", "", numbers_.cell(v_.residual + sum(v_.last)), numbers_.cell(sum(v_.alone))});
    return aligned_columns(rows_);
  }

 private:
  struct Sums {
    double through = 0, last = 0, alone = 0;
  };

  void add_head(std::size_t i, std::size_t h, Sums& sums) const {
    const std::size_t at = i * loadings_.n_heads() + h;
    sums.through += v_.through[at];
    sums.last += v_.last[at];
    sums.alone += v_.alone[at];
  }

  void add_row(const std::string& name, const Sums& sums) {
    rows_.push_back({std::exchange(layer_, {}), name, numbers_.cell(sums.through),
                     numbers_.cell(sums.last), numbers_.cell(sums.alone)});
  }

  void add_layer(std::size_t i) {
    layer_ = std::to_string(v_.first_layer + static_cast<std::int32_t>(i));
    Sums others, all;
    std::size_t n_others = 0;
    for (std::size_t h = 0; h < loadings_.n_heads(); ++h) {
      add_head(i, h, all);
      if (loadings_.matters(i, h)) {
        Sums one;
        add_head(i, h, one);
        add_row(head_id(loadings_.head(i, h)), one);
      } else {
        add_head(i, h, others);
        ++n_others;
      }
    }
    if (n_others > 0)
      add_row(std::to_string(n_others) + (n_others == 1 ? " other" : " others"), others);
    rows_.push_back({"", "past", numbers_.cell(v_.past[i]), "", ""});
    add_row("sum", {.through = v_.past[i] + all.through, .last = all.last, .alone = all.alone});
  }

  const HeadLoadings& v_;
  Loadings loadings_;
  const SignedNumbers& numbers_;
  std::string layer_;
  Rows rows_;
};

std::string sequence_text(const HeadSequence& sequence) {
  std::string text;
  for (const Head& head : sequence.heads) text += (text.empty() ? "" : " → ") + head_id(head);
  return text.empty() ? "residual" : text;
}

std::vector<std::string> sequence_lines(const HeadLoadings& loadings,
                                        const SignedNumbers& numbers) {
  Rows rows;
  for (const HeadSequence& sequence : loadings.sequences) {
    rows.push_back({numbers.cell(sequence.weight),
                    padded_left(percent_of(sequence.weight, loadings.edge), 7),
                    sequence_text(sequence)});
  }
  return aligned_columns(rows);
}

std::string node_text(const AttributionGraph& graph, std::size_t node) {
  return name_node(graph, node).node_id + "  " + describe_node(graph, node);
}

}  // namespace

std::string loadings_text(const AttributionGraph& graph, std::size_t source, std::size_t target,
                          const HeadLoadings& loadings) {
  const Loadings read(loadings);
  const SignedNumbers numbers(read.largest());
  const bool stored = graph.edges().find(target, source).has_value();
  ReportTable table;
  table.add("from", node_text(graph, source));
  table.add("to", node_text(graph, target));
  table.add("edge", numbers.text(loadings.edge) + ", " + layers_text(loadings));
  table.add("stored", stored ? numbers.text(loadings.stored) + ", off by " +
                                   error_text(read.stored_error()) + " of Σ|terms|"
                             : "the graph has no such edge");
  table.add_lines("hops", hop_lines(loadings, numbers));
  if (loadings.n_layers > 0) table.add_lines("heads", HeadRows(loadings, numbers).lines());
  table.add_lines("sequences", sequence_lines(loadings, numbers));
  table.add("error", error_text(read.error()) +
                         " of Σ|terms| at most: residual + Σ last, and past + Σ through of every "
                         "layer, against the edge");
  return table.text();
}

std::string loadings_json(const AttributionGraph& graph, std::size_t source, std::size_t target,
                          const HeadLoadings& loadings) {
  const Loadings read(loadings);
  const bool stored = graph.edges().find(target, source).has_value();
  Json layers = Json::array();
  for (std::size_t i = 0; i < read.n_layers(); ++i) {
    layers.push_back({{"layer", read.head(i, 0).layer},
                      {"past", loadings.past[i]},
                      {"through", read.of_layer(loadings.through, i)},
                      {"last", read.of_layer(loadings.last, i)},
                      {"alone", read.of_layer(loadings.alone, i)}});
  }
  Json sequences = Json::array();
  for (const HeadSequence& sequence : loadings.sequences) {
    Json heads = Json::array();
    for (const Head& head : sequence.heads) heads.push_back(head_id(head));
    sequences.push_back({{"heads", std::move(heads)}, {"weight", sequence.weight}});
  }
  Json object;
  object["source"] = name_node(graph, source).node_id;
  object["target"] = name_node(graph, target).node_id;
  object["edge"] = loadings.edge;
  object["stored"] = stored ? Json(loadings.stored) : Json(nullptr);
  object["absolute_sum"] = loadings.absolute_sum;
  object["error"] = read.error();
  object["residual"] = loadings.residual;
  object["by_hops"] = loadings.by_hops;
  object["layers"] = std::move(layers);
  object["sequences"] = std::move(sequences);
  return json_line(object);
}

}  // namespace circuit::cli
