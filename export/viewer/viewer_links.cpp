#include "export/viewer/viewer_links.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "export/text/output_text.h"

namespace circuit {
namespace {

/// A link between nodes of the file; those out of a shared id are settled afterwards.
struct Link {
  std::size_t place = 0;  ///< In the file.
  std::int32_t source = -1;
  std::int32_t target = -1;
  std::int32_t other_source = -1;  ///< The other node of a shared id, if the link may be its.
  float weight = 0;
};

/// The nodes that an id names: one, or two in circuit-tracer's files, where the error of layer 3
/// at 5 and feature 3 of layer 0 at 5 are both `0_3_5`.
struct Named {
  std::int32_t first = -1;
  std::int32_t second = -1;
};

class LinkReader {
 public:
  LinkReader(const ViewerDocument& document, const ViewerNodes& nodes, ViewerOddities& oddities)
      : document_(document), nodes_(nodes), oddities_(oddities) {
    name_nodes();
  }

  EdgeMatrix read(std::size_t n_nodes) {
    links_.reserve(document_.links.size());
    for (std::size_t i = 0; i < document_.links.size(); ++i) add(i);
    settle_shared_ids();
    return compress(n_nodes);
  }

 private:
  const FileNode& node(std::int32_t i) const {
    return nodes_.file_nodes[static_cast<std::size_t>(i)];
  }
  std::int32_t index_of(std::int32_t i) const { return node(i).index; }

  void name_nodes() {
    ids_.reserve(document_.nodes.size());
    std::vector<bool> taken;
    for (std::size_t i = 0; i < document_.nodes.size(); ++i) {
      const auto file_node = static_cast<std::int32_t>(i);
      if (index_of(file_node) < 0) continue;
      const auto index = static_cast<std::size_t>(index_of(file_node));
      if (index >= taken.size()) taken.resize(index + 1);
      if (taken[index]) ++oddities_.repeated_nodes;
      taken[index] = true;
      Named& named = ids_[document_.nodes[i].id];
      if (named.first < 0) {
        named.first = file_node;
      } else if (index_of(named.first) != index_of(file_node)) {
        ++oddities_.shared_ids;
        if (named.second < 0) named.second = file_node;
      }
    }
  }

  Named find(std::string_view id) const {
    const auto found = ids_.find(id);
    return found == ids_.end() ? Named{} : found->second;
  }

  bool has_row(std::int32_t i) const {
    return node(i).what.kind == NodeKind::kFeature || node(i).what.kind == NodeKind::kTarget;
  }

  /// A target reads everything but targets; a feature what lies below it and not behind it.
  bool may_read(std::int32_t target, std::int32_t source) const {
    const Node& reader = node(target).what;
    const Node& read = node(source).what;
    if (!has_row(target) || read.kind == NodeKind::kTarget) return false;
    if (reader.kind == NodeKind::kTarget) return true;
    return read.layer < reader.layer && read.position <= reader.position;
  }

  [[noreturn]] void refuse(std::size_t i) const {
    const ViewerLink& link = document_.links[i];
    throw std::runtime_error("links[" + std::to_string(i) + "]: runs from '" +
                             one_line(shorten(link.source, 60)) + "' to '" +
                             one_line(shorten(link.target, 60)) +
                             "', expected one to a feature of a higher layer that is not at an "
                             "earlier position, or to an output");
  }

  void add(std::size_t i) {
    const ViewerLink& link = document_.links[i];
    if (link.target != last_id_ || last_.first < 0) {  // links mostly come target by target
      last_id_ = link.target;
      last_ = find(link.target);
    }
    const Named source = find(link.source);
    if (last_.first < 0 || source.first < 0) {
      ++oddities_.dangling_links;
      return;
    }
    const auto weight = static_cast<float>(link.weight);
    if (!std::isfinite(weight)) {
      ++oddities_.weightless_links;
      return;
    }
    const bool second = last_.second >= 0 && !has_row(last_.first);
    Link out{i, source.first, second ? last_.second : last_.first, -1, weight};
    if (source.second >= 0) {
      const bool first_may = may_read(out.target, source.first);
      const bool second_may = may_read(out.target, source.second);
      if (first_may && second_may) {
        out.other_source = source.second;
        any_shared_ = true;
      } else if (second_may) {
        out.source = source.second;
      }
    }
    if (!may_read(out.target, out.source)) refuse(i);
    links_.push_back(out);
  }

  /// circuit-tracer writes the links of a target in the order of its nodes, features before errors:
  /// what stands before a feature behind the one of the shared id can only be this feature.
  void settle_shared_ids() {
    if (!any_shared_) return;
    for (std::size_t begin = 0; begin < links_.size();) {
      std::size_t end = begin;
      while (end < links_.size() && links_[end].target == links_[begin].target) ++end;
      settle_run(std::span(links_).subspan(begin, end - begin));
      begin = end;
    }
  }

  void settle_run(std::span<Link> run) {
    const bool ordered = is_in_order(run);
    const std::vector<std::int32_t> below = upper_bounds(run);
    for (std::size_t i = 0; i < run.size(); ++i) {
      Link& link = run[i];
      if (link.other_source < 0) continue;
      if (index_of(link.source) > index_of(link.other_source)) {
        std::swap(link.source, link.other_source);
      }
      const bool feature = ordered && below[i] <= index_of(link.other_source);
      const bool error = ordered && i > 0 && index_of(run[i - 1].source) >= index_of(link.source);
      if (error) link.source = link.other_source;
      if (feature == error) ++oddities_.ambiguous_links;
    }
  }

  /// For each link the node that it must come before: the next known one, and the error of a shared
  /// id that comes again.
  std::vector<std::int32_t> upper_bounds(std::span<const Link> run) const {
    std::vector<std::int32_t> bounds(run.size());
    std::unordered_set<std::int32_t> again;
    std::int32_t next = std::numeric_limits<std::int32_t>::max();
    for (std::size_t i = run.size(); i-- > 0;) {
      const Link& link = run[i];
      bounds[i] = next;
      if (link.other_source < 0) {
        next = index_of(link.source);
      } else if (!again.insert(link.source).second) {
        bounds[i] = std::min(next, std::max(index_of(link.source), index_of(link.other_source)));
      }
    }
    return bounds;
  }

  bool is_in_order(std::span<const Link> run) const {
    std::int32_t last = -1;
    for (const Link& link : run) {
      if (link.other_source >= 0) continue;
      if (index_of(link.source) <= last) return false;
      last = index_of(link.source);
    }
    return true;
  }

  /// Counts, then places; rows that are not in order or say something twice are sorted.
  EdgeMatrix compress(std::size_t n_nodes) {
    EdgeMatrix edges;
    edges.row_offsets.assign(n_nodes + 1, 0);
    for (const Link& link : links_) {
      ++edges.row_offsets[static_cast<std::size_t>(index_of(link.target)) + 1];
    }
    std::partial_sum(edges.row_offsets.begin(), edges.row_offsets.end(), edges.row_offsets.begin());
    edges.columns.resize(links_.size());
    edges.weights.resize(links_.size());
    std::vector<std::int64_t> next(edges.row_offsets.begin(), edges.row_offsets.end() - 1);
    for (const Link& link : links_) {
      const auto at =
          static_cast<std::size_t>(next[static_cast<std::size_t>(index_of(link.target))]++);
      edges.columns[at] = index_of(link.source);
      edges.weights[at] = link.weight;
    }
    sort_rows(edges);
    return edges;
  }

  void sort_rows(EdgeMatrix& edges) {
    std::size_t kept = 0;
    std::size_t begin = 0;
    std::vector<std::pair<std::int32_t, float>> row;
    for (std::size_t r = 0; r < edges.rows(); ++r) {
      const std::size_t end = edges.end(r);
      row.clear();
      for (std::size_t e = begin; e < end; ++e)
        row.emplace_back(edges.columns[e], edges.weights[e]);
      const auto column = &std::pair<std::int32_t, float>::first;
      if (!std::ranges::is_sorted(row, {}, column)) std::ranges::stable_sort(row, {}, column);
      const auto unique_end = std::unique(
          row.begin(), row.end(), [](const auto& a, const auto& b) { return a.first == b.first; });
      oddities_.repeated_links += static_cast<std::size_t>(row.end() - unique_end);
      row.erase(unique_end, row.end());
      for (const auto& [source, weight] : row) {
        edges.columns[kept] = source;
        edges.weights[kept++] = weight;
      }
      begin = end;
      edges.row_offsets[r + 1] = static_cast<std::int64_t>(kept);
    }
    edges.columns.resize(kept);
    edges.weights.resize(kept);
  }

  const ViewerDocument& document_;
  const ViewerNodes& nodes_;
  ViewerOddities& oddities_;
  std::unordered_map<std::string_view, Named> ids_;
  std::vector<Link> links_;
  std::string_view last_id_;
  Named last_;
  bool any_shared_ = false;
};

}  // namespace

EdgeMatrix read_viewer_links(const ViewerDocument& document, const ViewerNodes& nodes,
                             std::size_t n_nodes, ViewerOddities& oddities) {
  return LinkReader(document, nodes, oddities).read(n_nodes);
}

}  // namespace circuit
