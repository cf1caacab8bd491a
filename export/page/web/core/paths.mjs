// The strongest path between two nodes: the largest product of shares of input, as
// graph/paths.cpp has it for paths from tokens.

/**
 * {nodes, shares: of each step, share: their product}, or null when no shown link leads there. One
 * pass over the rows decides, as every row comes after those it reads. Of equal paths the one
 * through earlier nodes.
 */
export function strongestPath(graph, shown, from, to) {
  if (from === to) return null;
  const best = new Float64Array(graph.n),
    via = new Int32Array(graph.n).fill(-1);
  best[from] = 1;
  for (let row = 0; row <= to; ++row) {
    if (row === from) continue;
    for (let e = graph.offset[row]; e < graph.offset[row + 1]; ++e) {
      const source = graph.source[e];
      if (!shown.links[e] || best[source] === 0) continue;
      const share = best[source] * shareOf(graph, shown, e);
      if (share > best[row]) {
        best[row] = share;
        via[row] = e;
      }
    }
  }
  if (best[to] === 0) return null;
  const nodes = [to],
    links = [];
  while (nodes[0] !== from) {
    const link = via[nodes[0]];
    links.unshift(link);
    nodes.unshift(graph.source[link]);
  }
  return {nodes, links, shares: links.map((e) => shareOf(graph, shown, e)), share: best[to]};
}

/** |w| over the sum of its target's shown inputs. */
export function shareOf(graph, shown, link) {
  const sum = shown.inputs[graph.target[link]];
  return sum > 0 ? Math.abs(graph.weight[link]) / sum : 0;
}
