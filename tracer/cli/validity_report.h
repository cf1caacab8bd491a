// What `verify --validity` prints.
#pragma once

#include <string>

#include "graph/graph_validity.h"
#include "tracer/cli/json_line.h"

namespace circuit::cli {

/// What "Circuit Tracing: Revealing Computational Graphs in Language Models" (Ameisen et al., 2025)
/// found for its 18-layer model and cross-layer transcoder.
struct PublishedValidity {
  double between_features = 0.72;  ///< Spearman of influence between features and ablation effects
  double cosine = 0.8;             ///< of changes one layer behind
  double error = 0.4;              ///< normalised squared error there
};

std::string validity_text(const GraphValidity& validity);

template <typename Json>
Json depth_object(const DepthAgreement& depth) {
  const bool any = depth.features > 0;
  return {{"features", depth.features},
          {"cosine", any ? Json(depth.cosine) : Json()},
          {"error", any ? Json(depth.error) : Json()},
          {"median_error", any ? Json(depth.median_error) : Json()}};
}

template <typename Json>
Json validity_object(const GraphValidity& validity) {
  constexpr PublishedValidity kPublished;
  Json object;
  object["features"] = validity.features;
  object["feature_nodes"] = validity.feature_nodes;
  object["runs"] = Json::array();
  for (const RunAgreement& run : validity.runs) {
    Json one = {{"mode", run.held ? "held" : "live"},
                {"change", run.doubled ? "doubled" : "ablated"}};
    one["outputs"] = depth_object<Json>(run.outputs);
    one["by_depth"] = Json::array();
    for (const DepthAgreement& depth : run.by_depth) {
      one["by_depth"].push_back(depth_object<Json>(depth));
    }
    object["runs"].push_back(std::move(one));
  }
  object["rank_correlation"] = Json::array();
  for (const EffectRanks& ranks : validity.effects) {
    object["rank_correlation"].push_back(
        {{"mode", ranks.held ? "held" : "live"},
         {"influence", number_or_null<Json>(ranks.influence)},
         {"direct_edge", number_or_null<Json>(ranks.direct_edge)},
         {"activation", number_or_null<Json>(ranks.activation)},
         {"between_features", number_or_null<Json>(ranks.between_features)},
         {"pairs", ranks.pairs}});
  }
  object["published"] = {{"between_features", kPublished.between_features},
                         {"cosine", kPublished.cosine},
                         {"error", kPublished.error}};
  object["meaning"] = "one prompt: no claim beyond it, and no pass mark";
  return object;
}

}  // namespace circuit::cli
