#include "tracer/attention/loadings.h"

#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

#include <ATen/ATen.h>

#include "tracer/attention/edge_streams.h"
#include "tracer/attention/head_sequences.h"
#include "tracer/replacement/frozen_layer.h"

namespace circuit {
namespace {

void check_ends(const AttributionGraph& graph, std::size_t source, std::size_t target) {
  const auto fail = [](const std::string& what) {
    throw std::invalid_argument("[attention] " + what);
  };
  if (source >= graph.n_nodes() || target >= graph.n_nodes()) fail("no such node");
  const Node from = graph.node(source), to = graph.node(target);
  if (from.kind == NodeKind::kTarget) fail("an output has no edges out of it");
  if (to.kind == NodeKind::kError || to.kind == NodeKind::kToken) {
    fail("errors and tokens have no edges into them; expected a feature or an output as target");
  }
  const std::int32_t reads = graph.read_layer(target);
  if (from.kind != NodeKind::kToken && from.layer >= reads) {
    fail("the source lies in layer " + std::to_string(from.layer) + " and the target in " +
         std::to_string(reads) + "; expected a target above its source");
  }
  if (from.position > to.position) {
    fail("the source lies at position " + std::to_string(from.position) + " and the target at " +
         std::to_string(to.position) + "; expected a target at the same or a later one");
  }
}

// Products by head, added up over the other dimensions: [.., n_heads * d_head] twice -> [n_heads].
at::Tensor by_head(const at::Tensor& a, const at::Tensor& b, std::int64_t n_heads) {
  return (a.to(at::kDouble) * b.to(at::kDouble))
      .reshape({-1, n_heads, a.size(-1) / n_heads})
      .sum(at::IntArrayRef{0, 2});
}

void append(std::vector<double>& out, const at::Tensor& values) {
  const at::Tensor plain = values.to(at::kCPU).contiguous();
  out.insert(out.end(), plain.data_ptr<double>(), plain.data_ptr<double>() + plain.numel());
}

double product_sum(const at::Tensor& a, const at::Tensor& b) {
  return (a.to(at::kDouble) * b.to(at::kDouble)).sum().item<double>();
}

// Of each layer what passes it beside its attention: in the stream, and what the source writes
// behind it or higher.
std::vector<double> past_attention(const EdgeStreams& edge) {
  std::vector<double> past(edge.heads.size());
  double above = 0.0;
  for (std::size_t i = edge.heads.size(); i-- > 0;) {
    if (edge.written[i].defined()) above += product_sum(edge.written[i], edge.behind[i]);
    past[i] = product_sum(edge.ahead[i], edge.pulled[i]) + above;
  }
  return past;
}

}  // namespace

HeadLoadings head_loadings(const ReplacementRun& run, const AttributionGraph& graph,
                           const at::Tensor& covectors, std::size_t source, std::size_t target,
                           const LoadingOptions& options) {
  check_ends(graph, source, target);
  const ModelConfig& c = run.model->config;
  const EdgeStreams edge = push_and_pull(run, graph, covectors, source, target);
  HeadLoadings result;
  result.first_layer = static_cast<std::int32_t>(edge.first);
  result.n_layers = static_cast<std::int32_t>(edge.last - edge.first + 1);
  result.n_heads = static_cast<std::int32_t>(c.n_heads);
  result.edge = edge.by_hops.sum().item<double>();
  result.residual = edge.by_hops[0].item<double>();
  append(result.by_hops, edge.by_hops);
  if (const auto stored = graph.edges().find(target, source)) {
    result.stored = static_cast<double>(graph.edges().weights[*stored]);
  }
  const at::Tensor q = at::tensor({edge.target.position}, at::kLong).to(run.device());
  for (std::size_t i = 0; i < edge.heads.size(); ++i) {
    const std::int64_t layer = edge.first + static_cast<std::int64_t>(i);
    const at::Tensor taken = edge.heads[i].sum(0);  // [n, n_heads * d_head]
    const FrozenLayer everywhere(run, layer, run.n_positions()), at_target(run, layer, q);
    append(result.through, by_head(taken, everywhere.pull_added(edge.pulled[i]), c.n_heads));
    const at::Tensor read = at_target.pull_added(edge.alone[i].unsqueeze(0));
    append(result.last, by_head(taken.index_select(0, q), read, c.n_heads));
    append(result.alone, by_head(edge.heads[i][0].index_select(0, q), read, c.n_heads));
  }
  result.absolute_sum = std::abs(result.residual);
  for (const double part : result.last) result.absolute_sum += std::abs(part);
  result.past = past_attention(edge);
  result.sequences = head_sequences(run, edge, options);
  return result;
}

}  // namespace circuit
