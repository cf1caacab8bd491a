// A second graph from a file that the reader of the page chose: a page of circuit, or the JSON of
// circuit, circuit-tracer and Neuronpedia. Throws Error with what is wrong.
import {ERROR, FEATURE, TARGET, TOKEN, completeGraph, decodeBase64, openGraph} from "./graph.mjs";
import {sweepInfluence} from "./influence.mjs";

export function graphFromText(text) {
  const head = scriptText(text, "graph-head");
  if (head !== null) {
    const columns = scriptText(text, "graph-columns") ?? "";
    return Object.assign(openGraph(JSON.parse(head), decodeBase64(columns)), {
      page: {head, columns},
    });
  }
  let json;
  try {
    json = JSON.parse(text);
  } catch {
    throw new Error("expected a page of circuit or a graph as JSON");
  }
  return graphFromViewer(json);
}

/** What stands in a script element of a page; it cannot hold `<`. */
function scriptText(page, id) {
  const start = page.indexOf(`id="${id}">`);
  return start < 0
    ? null
    : page.slice(start + id.length + 6, page.indexOf("<", start + id.length + 6));
}

function graphFromViewer(json) {
  if (!Array.isArray(json?.nodes) || !Array.isArray(json?.links)) {
    throw new Error("expected a graph with nodes and links");
  }
  const tokens = (json.metadata?.prompt_tokens ?? []).map(String);
  const nodes = json.nodes
    .map((node) => readNode(node, tokens))
    .sort((a, b) => order(a) - order(b) || a.layer - b.layer);
  const index = new Map(nodes.map((node, i) => [node.id, i]));
  const links = json.links
    .map(({source, target, weight}) => ({
      source: index.get(source),
      target: index.get(target),
      weight: Number(weight),
    }))
    .filter(
      (e) =>
        e.source !== undefined &&
        e.target !== undefined &&
        Number.isFinite(e.weight) &&
        readsForward(nodes, e),
    )
    .sort((a, b) => a.target - b.target || a.source - b.source);
  const offset = new Uint32Array(nodes.length + 1);
  for (const {target} of links) ++offset[target + 1];
  for (let i = 0; i < nodes.length; ++i) offset[i + 1] += offset[i];
  const column = (type, key) => type.from(nodes, (node) => node[key]);
  const metadata = json.metadata ?? {};
  const targets = nodes.filter((node) => node.kind === TARGET);
  const graph = completeGraph(
    {
      title: String(metadata.slug ?? metadata.prompt ?? ""),
      prompt: String(metadata.prompt ?? ""),
      tokens,
      transcoders_hash: "",
      ids: nodes.map((node) => node.id),
      texts: nodes.map((node) => node.text),
      probabilities: targets.map((node) => node.probability),
      target_kinds: targets.map((node) => node.targetKind),
      node_threshold: 1,
      edge_threshold: 1,
      all_links: false,
      scorable: false,
      scores: {},
    },
    {
      kind: column(Uint8Array, "kind"),
      layer: column(Int32Array, "layer"),
      position: column(Int32Array, "position"),
      feature: column(Int32Array, "feature"),
      activation: column(Float32Array, "activation"),
      offset,
      source: Uint32Array.from(links, (e) => e.source),
      weight: Float32Array.from(links, (e) => e.weight),
      shown: new Uint8Array(links.length).fill(1),
      rest: new Float64Array(nodes.length),
      cumulative: column(Float32Array, "cumulative"),
    },
  );
  const influence = sweepInfluence(graph);
  const total = influence.reduce((sum, value) => sum + value, 0) || 1;
  graph.influence = influence.map((value) => value / total);
  return graph;
}

const order = (node) => [FEATURE, ERROR, TOKEN, TARGET].indexOf(node.kind);

/** Others may draw what no linear graph has: a link back would make sweeps meaningless. */
const readsForward = (nodes, {source, target}) =>
  nodes[target].kind === TARGET
    ? nodes[source].kind !== TARGET
    : nodes[target].kind === FEATURE &&
      nodes[source].kind !== TARGET &&
      (nodes[source].kind !== FEATURE || source < target);

function readNode(node, tokens) {
  const type = String(node.feature_type ?? "");
  const kind =
    type === "logit"
      ? TARGET
      : type === "embedding"
        ? TOKEN
        : type.includes("error")
          ? ERROR
          : FEATURE;
  const layer = kind === TOKEN ? -1 : Number.parseInt(node.layer, 10) || 0;
  const clerp = String(node.clerp ?? "");
  const text = {
    [TOKEN]: tokens[node.ctx_idx] ?? clerp,
    [TARGET]: clerp.match(/"(.*)"/)?.[1] ?? clerp,
  };
  return {
    id: String(node.node_id),
    kind,
    layer,
    position: Number(node.ctx_idx) || 0,
    feature:
      kind === FEATURE ? featureOf(node.feature, layer) : kind === ERROR ? -1 : vocabularyId(node),
    activation: Number(node.activation) || 0,
    cumulative: Number(node.influence ?? 1),
    probability: Number(node.token_prob) || Number(clerp.match(/\(p=([\d.]+)\)/)?.[1]) || 0,
    text: text[kind] ?? clerp,
    targetKind: clerp.startsWith('Feature "') ? 2 : clerp.startsWith('Vector "') ? 3 : 0,
  };
}

/** `E_ID_POSITION`, `LAYER_ID_POSITION`. */
const vocabularyId = (node) => Number(String(node.node_id).split("_")[1]) || 0;

/** The Cantor pair of layer and feature where it fits the layer, else the number itself. */
function featureOf(value, layer) {
  const pair = Number(value) || 0;
  const sum = Math.floor((Math.sqrt(8 * pair + 1) - 1) / 2),
    y = pair - (sum * (sum + 1)) / 2;
  return sum - y === layer ? y : pair;
}
