// The key `heads` of links in viewer files of ours: by which heads what runs over a link arrives
// (docs/formats.md, viewer JSON). Private to viewer JSON.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "export/viewer/json_place.h"
#include "graph/edge_heads.h"

namespace circuit {

inline constexpr std::string_view kHeadsKey = "heads";

/// Appends `[["3.2",0.5],["residual",-0.25],["others",0.125]]`.
void append_heads(std::span<const EdgePart> parts, std::string& out);

/// Throws as json_place.h says.
std::vector<EdgePart> read_heads(const simdjson::dom::element& value, const JsonPlace& place);

}  // namespace circuit
