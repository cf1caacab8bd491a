// Addresses of viewers that carry what a person made of a graph: pins, supernodes, labels
// (docs/formats.md, addresses). Nothing is fetched.
#pragma once

#include <string>
#include <string_view>

#include "export/names/view_state.h"

namespace circuit {

/// Neuronpedia's page of a model's graphs; MODEL stands for the model's name there.
inline constexpr std::string_view kViewerPage = "https://www.neuronpedia.org/MODEL/graph";

/// Reads `pinnedIds`, `supernodes` and `clerps` of an address, as Neuronpedia's and
/// circuit-tracer's viewers write them; others are left alone, missing ones empty. Parameters are
/// taken apart before anything is decoded, so labels may hold `&`, `%` and `#`. The last one of a
/// name counts. Throws std::runtime_error `[view_address] …` for an address without parameters, or
/// one whose parameters are not what they should be.
ViewState parse_view_address(std::string_view address);

/// `page` with `slug` and the state as parameters; those that are empty are left out. What is
/// written here, `parse_view_address` reads back. Throws std::invalid_argument for text that is not
/// UTF-8, or a pin with a comma.
std::string view_address(const ViewState& state, std::string_view page, std::string_view slug);

}  // namespace circuit
