// Finds nodes by label, token, feature id. Words must all match; `layer:4`, `pos:3`, `kind:error`
// and `/pattern/` are words too.
import {FEATURE, TOKEN, TARGET, kindName, nodeText} from "./graph.mjs";

/** {nodes: indices, most influential first, problem: "" or what is wrong with the query} */
export function search(graph, query, labels = {}) {
  const tests = [];
  for (const word of query.match(/\/[^/]+\/|\S+/g) ?? []) {
    const test = testOf(graph, word, labels);
    if (typeof test === "string") return {nodes: [], problem: test};
    tests.push(test);
  }
  if (tests.length === 0) return {nodes: [], problem: ""};
  const nodes = [];
  for (let i = 0; i < graph.n; ++i) if (tests.every((test) => test(i))) nodes.push(i);
  const rank = (i) => (graph.kind[i] === TARGET ? 2 + graph.probability[i] : graph.influence[i]);
  nodes.sort((a, b) => rank(b) - rank(a) || a - b);
  return {nodes, problem: ""};
}

function testOf(graph, word, labels) {
  const text = (i) => `${nodeText(graph, i, labels)} ${graph.texts[i]}`;
  if (/^\/.+\/$/.test(word)) {
    try {
      const pattern = new RegExp(word.slice(1, -1), "iu");
      return (i) => pattern.test(text(i));
    } catch {
      return `${word} is no pattern`;
    }
  }
  const [, key, value] = word.match(/^(layer|pos|kind):(.*)$/) ?? [];
  if (key === "layer") return (i) => graph.kind[i] !== TOKEN && graph.layer[i] === Number(value);
  if (key === "pos") return (i) => graph.position[i] === Number(value);
  if (key === "kind") return (i) => kindName(graph, i).startsWith(value);
  const wanted = word.toLowerCase();
  return (i) => text(i).toLowerCase().includes(wanted) || hasId(graph, i, wanted);
}

/** `4_436`, `L4/436`, `4/436`, `436` and the whole node id. */
function hasId(graph, i, wanted) {
  if (graph.ids[i].toLowerCase() === wanted) return true;
  if (graph.kind[i] !== FEATURE) return false;
  const feature = String(graph.feature[i]);
  if (wanted === feature) return true;
  const [, layer, number] = wanted.match(/^l?(\d+)[/_](\d+)$/) ?? [];
  return number === feature && Number(layer) === graph.layer[i];
}
