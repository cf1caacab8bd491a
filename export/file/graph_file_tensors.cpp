#include "export/file/graph_file_tensors.h"

#include <stdexcept>

namespace circuit {

void GraphFileReader::fail(const std::string& what) const {
  throw std::runtime_error("[read_graph_file] " + path_.string() + ": " + what);
}

void GraphFileReader::fail(std::string_view tensor, const std::string& found,
                           const std::string& expected) const {
  fail("tensor " + std::string(tensor) + ": " + found + ", expected " + expected);
}

const TensorView& GraphFileReader::view_of(std::string_view name, Dtype dtype,
                                           const std::vector<std::int64_t>& shape) const {
  const std::string expected = std::string(name_of(dtype)) + " " + to_string(shape);
  if (!file_.contains(name)) fail(name, "is missing", expected);
  const TensorView& view = file_.view(name);
  const bool fits = std::ranges::equal(
      view.shape, shape, [](std::int64_t is, std::int64_t want) { return want < 0 || is == want; });
  if (view.dtype != dtype || !fits) {
    fail(name, "is " + std::string(name_of(view.dtype)) + " " + to_string(view.shape), expected);
  }
  return view;
}

void GraphFileReader::require_columns(std::string_view name, const std::vector<std::int32_t>& table,
                                      std::initializer_list<ColumnRange> columns) const {
  for (std::size_t i = 0; i < table.size(); ++i) {
    const std::size_t column = i % columns.size();
    const auto [least, most] = columns.begin()[column];
    if (table[i] >= least && table[i] <= most) continue;
    fail(name,
         "column " + std::to_string(column) + " of row " + std::to_string(i / columns.size()) +
             " is " + std::to_string(table[i]),
         std::to_string(least) + " to " + std::to_string(most));
  }
}

void GraphFileReader::require_count(std::string_view key, std::size_t found,
                                    std::size_t expected) const {
  if (found == expected) return;
  fail("metadata " + std::string(key) + ": has " + std::to_string(found) + " entries, expected " +
       std::to_string(expected));
}

void GraphFileReader::require_offsets(std::string_view name,
                                      const std::vector<std::int64_t>& offsets, std::size_t count,
                                      const std::string& things) const {
  const bool ascending = std::ranges::is_sorted(offsets);
  const std::int64_t last = size_of_dimension(count);
  if (ascending && offsets.front() == 0 && offsets.back() == last) return;
  fail(name,
       "runs from " + std::to_string(offsets.front()) + " to " + std::to_string(offsets.back()) +
           (ascending ? "" : " with steps down"),
       "ascending from 0 to the " + std::to_string(last) + " " + things);
}

}  // namespace circuit
