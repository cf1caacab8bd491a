#include "tracer/attribution/decoder_similarity.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

#include <ATen/ATen.h>

#include "tracer/machine/threads.h"
#include "tracer/replacement/write_site.h"
#include "transcoders/product.h"

namespace circuit {
namespace {

// Rows of cosines that are held at once, and that one product makes: products of 128 rows run at
// full rate, and with 2,048 the columns of a layer are seldom gathered twice.
constexpr std::int64_t kRowsHeld = 2048;
constexpr std::int64_t kRowsPerTask = 128;

struct Similar {
  float cosine = 0;
  std::int32_t other = 0;

  /// The most similar first, ties by index.
  friend bool operator<(const Similar& a, const Similar& b) {
    return std::tuple(-a.cosine, a.other) < std::tuple(-b.cosine, b.other);
  }
};
using SimilarLists = std::vector<std::vector<Similar>>;

void keep_most_similar(std::vector<Similar>& list) {
  const std::size_t kept = std::min(list.size(), kMostSimilar);
  std::partial_sort(list.begin(), list.begin() + static_cast<std::ptrdiff_t>(kept), list.end());
  list.resize(kept);
}

/// The decoders of the selected features, each once, by layer; a feature that fires at several
/// positions is several nodes with one decoder.
class Decoders {
 public:
  Decoders(const ReplacementRun& run, std::span<const std::int32_t> selected) : run_(run) {
    const auto n_layers = static_cast<std::size_t>(run.n_layers());
    std::vector<std::map<std::int64_t, std::vector<std::int32_t>>> rows(n_layers);
    for (std::size_t node = 0; node < selected.size(); ++node) {
      const auto feature = static_cast<std::size_t>(selected[node]);
      const std::int32_t layer = run.features.layers[feature];
      const std::int64_t* index = run.decoders.index(layer).data_ptr<std::int64_t>();
      const auto first = run.features.layer_offsets[static_cast<std::size_t>(layer)];
      rows[static_cast<std::size_t>(layer)][index[selected[node] - first]].push_back(
          static_cast<std::int32_t>(node));
    }
    for (std::size_t layer = 0; layer < n_layers; ++layer) {
      std::vector<std::int64_t> index;
      for (auto& [row, nodes] : rows[layer]) {
        index.push_back(row);
        nodes_.push_back(std::move(nodes));
      }
      indices_.push_back(at::tensor(index, at::kLong));
      offsets_.push_back(static_cast<std::int64_t>(nodes_.size()));
    }
    scale();
  }

  std::int64_t size() const { return offsets_.back(); }
  const std::vector<std::int32_t>& nodes(std::size_t decoder) const { return nodes_[decoder]; }
  bool is_zero(std::size_t decoder) const { return is_zero_[decoder]; }
  /// Products of how many layers add up to a cosine.
  std::int64_t n_slices() const {
    return run_.transcoders->info().cross_layer ? run_.n_layers() : 1;
  }

  /// What the first decoders write into layer `slice` of a cross-layer set, of those that write
  /// there; of a per-layer set what each writes. Scaled so that products over all slices add up to
  /// the cosine. [count, d_model]
  at::Tensor slice(std::int64_t slice) const {
    const bool cross = run_.transcoders->info().cross_layer;
    const std::int64_t last = cross ? slice : run_.n_layers() - 1;
    at::Tensor out =
        at::empty({offsets_[static_cast<std::size_t>(last) + 1], run_.model->config.d_model},
                  sum_type(run_.transcoders->dtype()));
    parallel_tasks(static_cast<std::size_t>(last) + 1, [&](std::size_t from) {
      const auto layer = static_cast<std::int64_t>(from);
      const std::int64_t count = offsets_[from + 1] - offsets_[from];
      if (count == 0) return;
      at::Tensor part = out.narrow(0, offsets_[from], count);
      part.copy_(written(layer, cross ? slice : layer));
      part.mul_(scales_[from].unsqueeze(1));
    });
    return out;
  }

 private:
  /// [decoders of `from`, d_model] into the residual stream at `layer`, in the sum type; a norm
  /// behind the MLP counts with its gain.
  at::Tensor written(std::int64_t from, std::int64_t layer) const {
    at::Tensor rows = run_.decoders.rows(from, layer)
                          .index_select(0, indices_[static_cast<std::size_t>(from)])
                          .to(sum_type(run_.transcoders->dtype()));
    const Block& block = run_.model->blocks[static_cast<std::size_t>(layer)];
    if (has_norm_behind(run_.transcoders->info().write_site, block)) {
      rows = rows * block.mlp_post_norm->gain.to(at::kCPU).to(rows.scalar_type());
    }
    return rows;
  }

  /// One over the length of all that each decoder writes; 0 for a decoder of zeros.
  void scale() {
    scales_.resize(static_cast<std::size_t>(run_.n_layers()));
    parallel_tasks(scales_.size(), [&](std::size_t from) {
      const auto layer = static_cast<std::int64_t>(from);
      at::Tensor squares = at::zeros({indices_[from].size(0)}, at::kDouble);
      const std::int64_t last = run_.transcoders->last_written_layer(layer);
      for (std::int64_t into = layer; into <= last && squares.size(0) > 0; ++into) {
        squares += written(layer, into).to(at::kDouble).square().sum(1);
      }
      scales_[from] = at::where(squares > 0, squares.rsqrt(), at::zeros_like(squares))
                          .to(sum_type(run_.transcoders->dtype()));
    });
    for (const at::Tensor& scales : scales_) {
      const at::Tensor zero = scales.eq(0);
      for (std::int64_t i = 0; i < zero.size(0); ++i) is_zero_.push_back(zero[i].item<bool>());
    }
  }

  const ReplacementRun& run_;
  std::vector<std::vector<std::int32_t>> nodes_;  // [decoders] nodes, ascending
  std::vector<at::Tensor> indices_;               // [n_layers] i64: rows of run.decoders
  std::vector<at::Tensor> scales_;                // [n_layers] of [decoders of the layer]
  std::vector<std::int64_t> offsets_{0};          // [n_layers + 1] into the decoders
  std::vector<bool> is_zero_;                     // [decoders]
};

/// Cosines of decoders [first, first + rows) with all, [rows, size].
at::Tensor cosines_of(const Decoders& decoders, std::int64_t first, std::int64_t rows) {
  at::Tensor cosines;
  for (std::int64_t i = 0; i < decoders.n_slices(); ++i) {
    const at::Tensor columns = decoders.slice(i);
    if (!cosines.defined()) cosines = at::zeros({rows, decoders.size()}, columns.options());
    const std::int64_t written = std::min(columns.size(0), first + rows) - first;  // of the rows
    if (written <= 0) continue;
    const at::Tensor transposed = columns.t();
    parallel_tasks(static_cast<std::size_t>((written + kRowsPerTask - 1) / kRowsPerTask),
                   [&](std::size_t task) {
                     const std::int64_t begin = static_cast<std::int64_t>(task) * kRowsPerTask;
                     const std::int64_t count = std::min(kRowsPerTask, written - begin);
                     cosines.narrow(0, begin, count)
                         .narrow(1, 0, columns.size(0))
                         .addmm_(columns.narrow(0, first + begin, count), transposed);
                   });
  }
  return cosines.to(at::kFloat);
}

SimilarLists similar_decoders(const Decoders& decoders) {
  SimilarLists lists(static_cast<std::size_t>(decoders.size()));
  for (std::int64_t first = 0; first < decoders.size(); first += kRowsHeld) {
    const std::int64_t rows = std::min(kRowsHeld, decoders.size() - first);
    const at::Tensor cosines = cosines_of(decoders, first, rows);
    parallel_tasks(static_cast<std::size_t>(rows), [&](std::size_t row) {
      const std::size_t self = static_cast<std::size_t>(first) + row;
      const float* const values = cosines.data_ptr<float>() + row * lists.size();
      for (std::size_t other = 0; other < lists.size(); ++other) {
        if (other == self || !(values[other] > kLeastSimilarity)) continue;
        lists[self].push_back({values[other], static_cast<std::int32_t>(other)});
      }
      keep_most_similar(lists[self]);
    });
  }
  return lists;
}

/// The nodes most similar to each node of `decoder`: those with its own decoder, then the others.
std::vector<Similar> similar_nodes(const Decoders& decoders, std::size_t decoder,
                                   const std::vector<Similar>& others, std::int32_t node) {
  std::vector<Similar> list;
  for (const std::int32_t same : decoders.nodes(decoder)) {
    if (same != node && !decoders.is_zero(decoder)) list.push_back({1.0F, same});
  }
  for (const Similar& other : others) {
    for (const std::int32_t far : decoders.nodes(static_cast<std::size_t>(other.other))) {
      list.push_back({std::min(other.cosine, 1.0F), far});
    }
  }
  keep_most_similar(list);
  return list;
}

}  // namespace

FeatureSimilarity find_similarity(const ReplacementRun& run,
                                  std::span<const std::int32_t> selected) {
  FeatureSimilarity similarity;
  if (selected.empty()) return similarity;
  const Decoders decoders(run, selected);
  const SimilarLists lists = similar_decoders(decoders);
  std::map<std::pair<std::int32_t, std::int32_t>, float> pairs;
  for (std::size_t decoder = 0; decoder < lists.size(); ++decoder) {
    for (const std::int32_t node : decoders.nodes(decoder)) {
      for (const Similar& other : similar_nodes(decoders, decoder, lists[decoder], node)) {
        pairs.emplace(std::minmax(node, other.other), other.cosine);
      }
    }
  }
  for (const auto& [pair, cosine] : pairs) {
    similarity.pairs.push_back(pair);
    similarity.cosines.push_back(cosine);
  }
  return similarity;
}

std::int64_t similarity_bytes(const ReplacementRun& run, std::int64_t n_selected) {
  const auto value = static_cast<std::int64_t>(at::elementSize(sum_type(run.model->dtype)));
  const std::int64_t columns = n_selected * run.model->config.d_model * value;
  const std::int64_t cosines = std::min(n_selected, kRowsHeld) * n_selected * value * 2;
  // Rows on their way into `columns`; a tree's node for each pair.
  const std::int64_t reading =
      2 * static_cast<std::int64_t>(worker_count()) * run.decoders.largest_layer_bytes();
  const std::int64_t pairs = n_selected * static_cast<std::int64_t>(kMostSimilar) * 80;
  return columns + cosines + reading + pairs;
}

}  // namespace circuit
