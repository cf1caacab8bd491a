// Attribution graphs for RapidCheck, which shrinks one that fails to few nodes and edges.
#pragma once

#include <rapidcheck.h>

#include "graph/attribution_graph.h"

namespace circuit::testing {

/// 1 to 4 layers, 1 to 5 positions, features, edges of any sign with many ties and some zeros,
/// targets of any weight (0 included).
rc::Gen<AttributionGraph> any_graph();

/// 0, 1, or something between.
rc::Gen<double> any_share();

}  // namespace circuit::testing
