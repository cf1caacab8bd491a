// What a page holds of the attention behind its graph. Private to page_data.cpp;
// export/page/web/core/attention.mjs reads it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "export/page/page_columns.h"
#include "graph/attribution_graph.h"

namespace circuit {

/// Of no node and of no link of the page.
inline constexpr std::uint32_t kNotOnPage = UINT32_MAX;

/// Adds the columns `part_link`, `part_offset`, `part_way`, `part_weight` of the links that are
/// divided among heads and returns the score tables and what the columns refer to as JSON; adds
/// nothing and returns "" when neither is known. `place` [n_nodes] and `link_place` [edges] are the
/// nodes' and edges' places on the page, or kNotOnPage; the latter ascend.
std::string page_attention(const AttributionGraph& graph, std::span<const std::uint32_t> place,
                           std::span<const std::uint32_t> link_place, PageColumns& columns);

}  // namespace circuit
