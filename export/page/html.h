// One web page that holds a pruned graph and everything to look at it with, in one file that asks
// no host for anything (docs/page.md).
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "export/names/view_state.h"
#include "export/page/feature_cards.h"
#include "graph/attribution_graph.h"
#include "graph/prune.h"
#include "graph/scores.h"

namespace circuit {

/// A second graph, which the page compares the first with. Looks at graphs that must outlive the
/// call.
struct ComparedGraph {
  const AttributionGraph* graph = nullptr;
  const PrunedGraph* pruned = nullptr;
  std::string title{};
  Scores scores{};
};

struct HtmlOptions {
  /// The heading. Empty = the prompt, or the tokens where there is none.
  std::string title{};
  /// Of the unpruned graph.
  Scores scores{};
  /// Pins, groups and labels to start with; ids that the page has no node for are left out.
  ViewState view{};
  /// Cards of features; those of features that are no node of the page are left out.
  std::vector<FeatureCard> cards{};
  /// To compare with, when `compare.graph` is set.
  ComparedGraph compare{};
  /// Links between kept nodes that pruning left out are needed to prune and score as `prune` and
  /// `compute_scores` do. Up to this many links in all are written, 8 bytes each; of larger graphs
  /// only the kept ones, and the page says that its scores are lower bounds.
  std::size_t most_links = 1'000'000;
};

/// The page's text: kept nodes, their links, our scripts and styles. The same bytes for the same
/// inputs. Texts of the graph are data: no markup in them comes to life. Sized for up to 5,000
/// nodes and 50,000 kept links; larger ones open more slowly.
/// Throws std::invalid_argument when masks do not fit their graph.
std::string html_page(const AttributionGraph& graph, const PrunedGraph& pruned,
                      const HtmlOptions& options = {});

}  // namespace circuit
