// Which feature of its layer a node of a viewer file is: as Cantor pair, in the way of old files of
// Gemma, as index, or in the node's id alone. Private to viewer_nodes.cpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "export/viewer/viewer_document.h"

namespace circuit {

/// The number before the position, `6861` of `7_6861_9` and of `7_cro_6861_9`.
std::optional<std::int64_t> number_in_id(std::string_view id);

/// Of the feature nodes `nodes` (indices into the document's, which have layers), in their order.
/// One way holds for a whole file. Throws std::runtime_error `nodes[3].feature: …`.
std::vector<std::int32_t> feature_indices(const ViewerDocument& document,
                                          std::span<const std::size_t> nodes);

}  // namespace circuit
