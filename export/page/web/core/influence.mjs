// How much of the outputs' probability flows through each node: one sweep from the last row to the
// first, as graph/influence.cpp does it.
import {TARGET} from "./graph.mjs";

export const ROW_FLOOR = 1e-10;

/** Σ|w| of every row [n], of the links in `mask` (null = all). */
export function rowSums(graph, mask = null) {
  const sums = new Float64Array(graph.n);
  for (let e = 0; e < graph.m; ++e) {
    if (mask === null || mask[e]) sums[graph.target[e]] += Math.abs(graph.weight[e]);
  }
  return sums;
}

/** Where influence begins: each output's probability. */
export function outputWeights(graph) {
  const weights = new Float64Array(graph.n);
  for (let i = 0; i < graph.n; ++i) if (graph.kind[i] === TARGET) weights[i] = graph.probability[i];
  return weights;
}

/** Influence over the links of `mask`, rows normalised to these. */
export function sweepInfluence(graph, mask = null) {
  const sums = rowSums(graph, mask),
    weights = outputWeights(graph);
  const influence = new Float64Array(graph.n);
  for (let row = graph.n - 1; row >= 0; --row) {
    if (sums[row] === 0) continue;
    const arriving = influence[row] + weights[row],
      sum = Math.max(sums[row], ROW_FLOOR);
    for (let e = graph.offset[row]; e < graph.offset[row + 1]; ++e) {
      if (mask !== null && !mask[e]) continue;
      influence[graph.source[e]] += (Math.abs(graph.weight[e]) / sum) * arriving;
    }
  }
  return influence;
}
