// What `faithfulness` prints.
#pragma once

#include <string>
#include <vector>

#include "tracer/cli/faithfulness_call.h"

namespace circuit::cli {

/// `clusters`: a name for each pair of the request.
std::string faithfulness_text(const FaithfulnessRequest& request, const FaithfulnessReport& report,
                              const std::vector<std::string>& clusters);
std::string faithfulness_json(const FaithfulnessRequest& request, const FaithfulnessReport& report,
                              const std::vector<std::string>& clusters);

}  // namespace circuit::cli
