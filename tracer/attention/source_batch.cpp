#include "tracer/attention/source_batch.h"

#include <algorithm>

#include <ATen/ATen.h>

#include "tracer/replacement/frozen_layer.h"
#include "transcoders/product.h"

namespace circuit {
namespace {

// An edge of the batch, and what heads bring so far.
struct Load {
  std::int64_t source = 0, target = 0;  // in the batch, among the targets
  std::int64_t position = 0;            // of the source
  ReadPoint read;                       // of the target
  std::int64_t first = 0;               // layer of attention
  const KeptEdgeOf* edge = nullptr;
  double residual = 0;
  std::vector<double> last, straight;  // [layers so far, n_heads]
};

class Push {
 public:
  Push(const ReplacementRun& run, const AttributionGraph& graph, const TargetReads& reads,
       std::span<const SourceEdges> sources)
      : run_(run), reads_(reads), vectors_(run, graph, nodes_of(sources)) {
    const ModelConfig& c = run.model->config;
    const auto options = run.record.token_embeddings.options();
    origins_ = vectors_.embedded();
    streams_ = at::zeros({vectors_.size(), run.n_positions(), c.d_model}, options);
    vectors_.add_at_positions(streams_, origins_);
    positions_ = vectors_.positions().to(run.device());
    first_ = run.n_layers();
    for (std::size_t i = 0; i < sources.size(); ++i) {
      const Node node = graph.node(sources[i].source);
      const std::int64_t first = first_attention(node);
      first_ = std::min(first_, first);
      for (const KeptEdgeOf& edge : sources[i].edges) {
        const std::ptrdiff_t target = reads.find(edge.target);
        if (target < 0) continue;
        loads_.push_back({.source = static_cast<std::int64_t>(i),
                          .target = target,
                          .position = node.position,
                          .read = reads.gradients().reads[static_cast<std::size_t>(target)],
                          .first = first,
                          .edge = &edge,
                          .last = {},
                          .straight = {}});
      }
    }
    index_loads();
  }

  std::vector<Load>& run_through() {
    if (loads_.empty()) return loads_;
    if (first_ > 0) write(first_ - 1);
    for (std::int64_t layer = first_; layer < run_.n_layers(); ++layer) {
      const bool read = layer <= reads_.last_layer();
      if (!read) break;
      attend(layer);
      end_at(layer, reads_.gradients().behind_attention[static_cast<std::size_t>(layer)]);
      skip(layer);
      write(layer);
    }
    end_at(run_.n_layers(), reads_.gradients().final);
    return loads_;
  }

 private:
  static std::vector<std::size_t> nodes_of(std::span<const SourceEdges> sources) {
    std::vector<std::size_t> nodes;
    for (const SourceEdges& one : sources) nodes.push_back(one.source);
    return nodes;
  }

  void index_loads() {
    std::vector<std::int64_t> sources, targets, places, weights;
    for (const Load& load : loads_) {
      sources.push_back(load.source);
      targets.push_back(load.target);
      places.push_back(load.source * run_.n_positions() + load.read.position);
      weights.push_back(load.read.position * run_.n_positions() + load.position);
    }
    const auto upload = [&](const std::vector<std::int64_t>& list) {
      return at::tensor(list, at::kLong).to(run_.device());
    };
    sources_ = upload(sources);
    targets_ = upload(targets);
    places_ = upload(places);
    weights_ = upload(weights);
  }

  void write(std::int64_t layer) {
    const at::Tensor written = vectors_.written(layer, FrozenLayer(run_, layer, positions_));
    if (!written.defined()) return;
    origins_ = origins_ + written;
    vectors_.add_at_positions(streams_, written);
  }

  void skip(std::int64_t layer) {
    const FrozenLayer everywhere(run_, layer, run_.n_positions());
    const at::Tensor skipped = everywhere.skipped(streams_);
    if (!skipped.defined()) return;
    streams_ += skipped;
    origins_ = origins_ + FrozenLayer(run_, layer, positions_).skipped(origins_);
  }

  // What heads take of the sources, and what the targets read of that.
  void attend(std::int64_t layer) {
    const std::int64_t n_heads = run_.model->config.n_heads;
    const FrozenLayer frozen(run_, layer, run_.n_positions());
    const at::Tensor taken = frozen.mixed(frozen.values(streams_));  // [b, n, n_heads * d_head]
    const at::Tensor read =
        reads_.heads(layer).index_select(0, targets_);  // [edges, heads, d_head]
    const at::Tensor last =
        (taken.view({-1, read.size(1), read.size(2)}).index_select(0, places_) * read)
            .sum(-1)
            .to(at::kDouble)
            .to(at::kCPU)
            .contiguous();
    const at::Tensor straight = taken_straight(layer, read).to(at::kCPU).contiguous();
    const double* a = last.data_ptr<double>();
    const double* b = straight.data_ptr<double>();
    for (Load& load : loads_) {
      if (layer >= load.first && layer <= load.read.layer) {
        load.last.insert(load.last.end(), a, a + n_heads);
        load.straight.insert(load.straight.end(), b, b + n_heads);
      }
      a += n_heads;
      b += n_heads;
    }
    streams_ += frozen.added(taken);
  }

  // The same of sources that have passed no head: [edges, n_heads] f64.
  at::Tensor taken_straight(std::int64_t layer, const at::Tensor& read) const {
    const ModelConfig& c = run_.model->config;
    const at::Tensor values = FrozenLayer(run_, layer, positions_)
                                  .values(origins_)
                                  .index_select(0, sources_)
                                  .view({-1, c.n_kv_heads, 1, c.d_head});
    const at::Tensor products =
        (values * read.view({-1, c.n_kv_heads, c.n_heads / c.n_kv_heads, c.d_head}))
            .sum(-1)
            .view({-1, c.n_heads});
    const at::Tensor weights = run_.record.blocks[static_cast<std::size_t>(layer)]
                                   .pattern.permute({1, 2, 0})
                                   .reshape({-1, c.n_heads})
                                   .index_select(0, weights_);
    return (products * weights).to(at::kDouble);
  }

  // What of the edges that end at `layer` came without any head.
  void end_at(std::int64_t layer, const at::Tensor& gradients) {
    for (Load& load : loads_) {
      if (load.read.layer != layer || load.position != load.read.position) continue;
      load.residual =
          (origins_[load.source].to(at::kDouble) * gradients[load.target].to(at::kDouble))
              .sum()
              .item<double>();
    }
  }

  const ReplacementRun& run_;
  const TargetReads& reads_;
  NodeVectors vectors_;
  at::Tensor positions_;  // of the sources, on the run's device
  at::Tensor origins_;    // [b, d_model] the sources through no head, at their own positions
  at::Tensor streams_;    // [b, n, d_model] the sources by all ways
  std::int64_t first_ = 0;
  std::vector<Load> loads_;
  // i64 [edges]: where a source's stream, a target, the target's row in a stream, and the weight of
  // a pattern from one to the other are.
  at::Tensor sources_, targets_, places_, weights_;
};

}  // namespace

TargetReads::TargetReads(const ReplacementRun& run, const AttributionGraph& graph,
                         const at::Tensor& covectors, std::span<const std::size_t> targets)
    : targets_(targets.begin(), targets.end()),
      gradients_(target_gradients(run, graph, covectors, targets, sum_type(run.model->dtype))),
      heads_(graph.n_layers()) {
  const ModelConfig& c = run.model->config;
  for (std::int64_t layer = 0; layer < run.n_layers(); ++layer) {
    const auto index = static_cast<std::size_t>(layer);
    if (!gradients_.behind_attention[index].defined()) continue;
    heads_[index] = FrozenLayer(run, layer, gradients_.positions)
                        .pull_added(gradients_.behind_attention[index])
                        .view({-1, c.n_heads, c.d_head});
    last_layer_ = layer;
  }
}

std::ptrdiff_t TargetReads::find(std::size_t node) const {
  const auto found = std::ranges::lower_bound(targets_, node);
  return found == targets_.end() || *found != node ? -1 : found - targets_.begin();
}

void divide_edges(const ReplacementRun& run, const AttributionGraph& graph,
                  const TargetReads& reads, std::span<const SourceEdges> sources,
                  std::vector<DividedEdge>& divided) {
  const std::int64_t n_heads = run.model->config.n_heads;
  Push push(run, graph, reads, sources);
  for (const Load& load : push.run_through()) {
    divided[load.edge->place] = {.edge = load.edge->edge,
                                 .target = load.edge->target,
                                 .parts = list_parts(load.last, load.first, n_heads, load.residual),
                                 .straight = largest_shares(load.straight, load.first, n_heads)};
  }
}

}  // namespace circuit
