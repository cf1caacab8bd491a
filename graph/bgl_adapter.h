// Lets algorithms of Boost.Graph read the rows of an EdgeMatrix in place: vertex = node index,
// out-edges of a vertex = entries of its row, so that walking out-edges leads from effects to
// causes. Private: no installed header includes it. Non-goal: changing the graph.
#pragma once

#include <cstddef>
#include <span>
#include <utility>

#include <boost/graph/graph_traits.hpp>
#include <boost/graph/properties.hpp>
#include <boost/iterator/counting_iterator.hpp>
#include <boost/iterator/transform_iterator.hpp>
#include <boost/property_map/property_map.hpp>

#include "graph/edge_matrix.h"

namespace circuit {

/// One entry of a row: `index` counts the stored edges of the whole matrix.
struct EdgeEntry {
  std::size_t row = 0;
  std::size_t index = 0;

  friend bool operator==(const EdgeEntry&, const EdgeEntry&) = default;
};

/// A look at a matrix that must outlive it; models boost::IncidenceGraph and VertexListGraph.
class EdgeMatrixView {
 public:
  struct MakeEntry {
    std::size_t row = 0;
    EdgeEntry operator()(std::size_t index) const { return {row, index}; }
  };
  struct traversal_category : boost::incidence_graph_tag, boost::vertex_list_graph_tag {};

  using vertex_descriptor = std::size_t;
  using edge_descriptor = EdgeEntry;
  using directed_category = boost::directed_tag;
  using edge_parallel_category = boost::disallow_parallel_edge_tag;
  using vertices_size_type = std::size_t;
  using edges_size_type = std::size_t;
  using degree_size_type = std::size_t;
  using vertex_iterator = boost::counting_iterator<std::size_t>;
  using out_edge_iterator =
      boost::transform_iterator<MakeEntry, boost::counting_iterator<std::size_t>>;

  explicit EdgeMatrixView(const EdgeMatrix& edges) : edges_(&edges) {}

  const EdgeMatrix& edges() const { return *edges_; }
  static vertex_descriptor null_vertex() { return static_cast<vertex_descriptor>(-1); }

 private:
  const EdgeMatrix* edges_;
};

inline std::size_t num_vertices(const EdgeMatrixView& view) { return view.edges().rows(); }

inline std::pair<EdgeMatrixView::vertex_iterator, EdgeMatrixView::vertex_iterator> vertices(
    const EdgeMatrixView& view) {
  return {EdgeMatrixView::vertex_iterator(0), EdgeMatrixView::vertex_iterator(num_vertices(view))};
}

inline std::pair<EdgeMatrixView::out_edge_iterator, EdgeMatrixView::out_edge_iterator> out_edges(
    std::size_t row, const EdgeMatrixView& view) {
  using Counter = boost::counting_iterator<std::size_t>;
  const EdgeMatrixView::MakeEntry make{row};
  return {EdgeMatrixView::out_edge_iterator(Counter(view.edges().begin(row)), make),
          EdgeMatrixView::out_edge_iterator(Counter(view.edges().end(row)), make)};
}

inline std::size_t out_degree(std::size_t row, const EdgeMatrixView& view) {
  return view.edges().size(row);
}

inline std::size_t source(const EdgeEntry& entry, const EdgeMatrixView&) { return entry.row; }

inline std::size_t target(const EdgeEntry& entry, const EdgeMatrixView& view) {
  return static_cast<std::size_t>(view.edges().columns[entry.index]);
}

/// A readable edge property over one value per stored edge.
template <typename T>
class EdgeValues {
 public:
  using key_type = EdgeEntry;
  using value_type = T;
  using reference = T;
  using category = boost::readable_property_map_tag;

  explicit EdgeValues(std::span<const T> values) : values_(values) {}

  friend T get(const EdgeValues& map, const EdgeEntry& entry) { return map.values_[entry.index]; }

 private:
  std::span<const T> values_;
};

/// The matrix's own signed weights.
inline EdgeValues<float> get(boost::edge_weight_t, const EdgeMatrixView& view) {
  return EdgeValues<float>(view.edges().weights);
}

inline boost::identity_property_map get(boost::vertex_index_t, const EdgeMatrixView&) { return {}; }

}  // namespace circuit

/// Tells Boost the types of the two property maps.
template <>
struct boost::property_map<circuit::EdgeMatrixView, boost::edge_weight_t> {
  using type = circuit::EdgeValues<float>;
  using const_type = type;
};

template <>
struct boost::property_map<circuit::EdgeMatrixView, boost::vertex_index_t> {
  using type = boost::identity_property_map;
  using const_type = type;
};
