// Attention patterns as a page holds them: of each head the weights of its queries and of the keys
// up to them, as parts of 65,535.

const WHOLE = 65535;

/** `head`: {n_layers, n_heads, tokens, steps: [[least, colour, colour in the dark]], reasons, …} */
export function openPatterns(head, bytes) {
  const n = head.tokens.length,
    perHead = (n * (n + 1)) / 2;
  const all = new Uint16Array(
    bytes.buffer,
    bytes.byteOffset,
    perHead * head.n_layers * head.n_heads,
  );
  return {...head, n, perHead, all};
}

/** Of a query and a key, 0 for keys after it. */
export function weightOf({all, perHead, n_heads}, [layer, head], query, key) {
  if (key > query) return 0;
  return all[(layer * n_heads + head) * perHead + (query * (query + 1)) / 2 + key] / WHOLE;
}

/** The index of a weight's colour, -1 for none. */
export const stepOf = ({steps}, weight) => steps.findLastIndex(([least]) => weight >= least);

/** [[key, weight]] of what a query looks at most. */
export function topKeys(patterns, head, query, most) {
  return Array.from({length: query + 1}, (_, key) => [key, weightOf(patterns, head, query, key)])
    .sort((a, b) => b[1] - a[1] || a[0] - b[0])
    .slice(0, most);
}

/** Of `3.2`; null when there is no such head. */
export function headOf({n_layers, n_heads}, name) {
  const [, layer, head] = name.match(/^(\d+)\.(\d+)$/) ?? [];
  return layer !== undefined && layer < n_layers && head < n_heads
    ? [Number(layer), Number(head)]
    : null;
}
