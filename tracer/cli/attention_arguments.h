// Edges, heads and positions as `attention` takes them: `E_2329_4→2_12_5`, `3.2`, `-1`.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "export/names/node_ids.h"
#include "graph/head.h"

namespace circuit::cli {

struct EdgeIds {
  NodeId source, target;
};

/// `SOURCE→TARGET` or `SOURCE->TARGET`, ids as in viewer files. Throws std::invalid_argument for
/// anything else, and for ends between which no graph has an edge.
EdgeIds parse_edge(std::string_view text);

/// `LAYER.HEAD`. Throws std::invalid_argument for anything else.
Head parse_head(std::string_view text);

/// A whole number; negative ones count from the end of the prompt. Throws std::invalid_argument for
/// anything else.
std::int32_t parse_position(std::string_view option, std::string_view text);

/// The position that `position` stands for in a prompt of `n_positions`. Throws std::runtime_error
/// `[attention] …` when there is none.
std::int32_t resolve_position(std::string_view option, std::int32_t position,
                              std::size_t n_positions);

}  // namespace circuit::cli
