// The list `score_tables` under the key `circuit` of viewer files of ours (docs/formats.md, viewer
// JSON). Private to viewer JSON.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "graph/attention_details.h"

namespace simdjson::dom {
class element;
}

namespace circuit {

struct JsonPlace;

inline constexpr std::string_view kScoreTablesKey = "score_tables";

struct ScoreTables {
  std::vector<ScoreTable> tables;
  std::vector<double> carried;  ///< [tables] or none
};

/// Appends the list, one table a line.
void append_score_tables(const AttentionDetails& attention, std::string& out);

/// Throws as json_place.h says. Whether positions and layers are those of a graph is for
/// `check_attention`.
ScoreTables read_score_tables(const simdjson::dom::element& list, const JsonPlace& place);

}  // namespace circuit
