// The graph of a page as typed arrays: features by layer, then errors, tokens, outputs. Links lie in
// rows of their target. A feature reads only features before it, errors and tokens; these two read
// nothing, so sweeps over rows up or down meet every node at the right time.

export const FEATURE = 0,
  ERROR = 1,
  TOKEN = 2,
  TARGET = 3;
const KIND_NAMES = ["feature", "error", "token", "target"];
/** Of targets: a token, a difference, a feature, a vector. */
const TARGET_NAMES = ["output", "output", "feature", "vector"];
const ARRAYS = {
  u8: Uint8Array,
  i32: Int32Array,
  u32: Uint32Array,
  f32: Float32Array,
  f64: Float64Array,
};

export function decodeBase64(text) {
  const binary = atob(text.trim());
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; ++i) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

/** A graph from the JSON head and the bytes of a page (written by export/page/page_data.cpp). */
export function openGraph(head, bytes) {
  if (!head || head.format !== "circuit.page" || head.version !== 1) {
    throw new Error(`expected the data of a circuit page, version 1`);
  }
  const columns = {};
  for (const {name, type, offset, count} of head.columns) {
    columns[name] = new ARRAYS[type](bytes.buffer, bytes.byteOffset + offset, count);
  }
  return Object.assign(completeGraph(head, columns), {attention: openAttention(head, columns)});
}

/** What the page holds of attention, null for nothing; `place`: of a link among those divided. */
function openAttention({attention}, columns) {
  if (!attention) return null;
  const {part_link, part_offset: offset, part_way: way, part_weight: weight} = columns;
  const place = new Map();
  part_link.forEach((e, k) => place.set(e, k));
  return {...attention, place, parts: {offset, way, weight}};
}

/** Adds to columns what follows from them. */
export function completeGraph(head, columns) {
  const n = head.ids.length,
    m = columns.source.length;
  const graph = {head, n, m, ids: head.ids, texts: head.texts, tokens: head.tokens, ...columns};
  graph.index = new Map(head.ids.map((id, i) => [id, i]));
  graph.target = new Uint32Array(m);
  for (let row = 0; row < n; ++row)
    graph.target.fill(row, graph.offset[row], graph.offset[row + 1]);
  addOutputs(graph);
  graph.probability = new Float64Array(n);
  graph.targetKind = new Uint8Array(n);
  let next = 0;
  for (let i = 0; i < n; ++i) {
    if (graph.kind[i] !== TARGET) continue;
    graph.targetKind[i] = head.target_kinds?.[next] ?? 0;
    graph.probability[i] = head.probabilities[next++];
  }
  return graph;
}

/** Whether a target's weight is a probability, or a difference of two. */
export const isOutput = (graph, i) => graph.targetKind[i] < 2;

/** What a target counts in influence: `12.3 %`, `weight 1`. */
export const weightText = (graph, i) =>
  isOutput(graph, i) ? percent(graph.probability[i]) : `weight ${number(graph.probability[i])}`;

/** outLink[outOffset[s] … outOffset[s + 1]): the links of source s, by target. */
function addOutputs(graph) {
  const offset = new Uint32Array(graph.n + 1),
    link = new Uint32Array(graph.m);
  for (let e = 0; e < graph.m; ++e) ++offset[graph.source[e] + 1];
  for (let i = 0; i < graph.n; ++i) offset[i + 1] += offset[i];
  const next = offset.slice();
  for (let e = 0; e < graph.m; ++e) link[next[graph.source[e]]++] = e;
  graph.outOffset = offset;
  graph.outLink = link;
}

export const kindName = (graph, i) => KIND_NAMES[graph.kind[i]];

/** `L4/436`, `error L4`, `token 3`, `output`, `vector`: which node it is, without its text. */
export function nodeName(graph, i) {
  switch (graph.kind[i]) {
    case FEATURE:
      return `L${graph.layer[i]}/${graph.feature[i]}`;
    case ERROR:
      return `error L${graph.layer[i]}`;
    case TOKEN:
      return `token ${graph.position[i]}`;
    default:
      return TARGET_NAMES[graph.targetKind[i]];
  }
}

/** What it says: a person's label, else the file's. Texts of tokens and outputs are quoted. */
export function nodeText(graph, i, labels = {}) {
  const own = labels[graph.ids[i]];
  if (own !== undefined) return own;
  const text = graph.texts[i];
  if (graph.kind[i] === TOKEN || graph.kind[i] === TARGET) return `“${text}”`;
  return text;
}

/** One line that names the node to a reader: `L4/436 at 3 “ petit”: small, little`. */
export function describeNode(graph, i, labels = {}) {
  const text = nodeText(graph, i, labels);
  if (graph.kind[i] === TARGET) return `${nodeName(graph, i)} ${text} ${weightText(graph, i)}`;
  if (graph.kind[i] === TOKEN) return `${nodeName(graph, i)} ${text}`;
  const place = `${nodeName(graph, i)} at ${graph.position[i]} “${graph.tokens[graph.position[i]]}”`;
  return text ? `${place}: ${text}` : place;
}

/** `12.3 %`; three digits below one per cent. */
export function percent(share, signed = false) {
  const value = 100 * share,
    size = Math.abs(value);
  const digits = size >= 99.95 ? 0 : size >= 1 || size === 0 ? 1 : 2;
  const sign = value < 0 ? "−" : signed && value > 0 ? "+" : "";
  return `${sign}${size.toFixed(digits)} %`;
}

export function number(value) {
  if (!Number.isFinite(value)) return "–";
  const text =
    Math.abs(value) >= 1e-3 || value === 0 ? value.toPrecision(3) : value.toExponential(1);
  return (Math.abs(value) < 1e6 && Math.abs(value) >= 1e-3 ? String(Number(text)) : text).replace(
    "-",
    "−",
  );
}
