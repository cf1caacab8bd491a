// The page's arithmetic without a browser, against what the command line computes of the same graphs.
import assert from "node:assert/strict";
import {test} from "node:test";

import {addressOf, savedFromAddress} from "../../export/page/web/core/address.mjs";
import {partsOfLinks, sourceOf, tablesOf} from "../../export/page/web/core/attention.mjs";
import {compareGraphs} from "../../export/page/web/core/compare.mjs";
import {boxesOf, linksBetween, neighbours} from "../../export/page/web/core/groups.mjs";
import {describeNode, percent} from "../../export/page/web/core/graph.mjs";
import {placeNodes} from "../../export/page/web/core/layout.mjs";
import {strongestPath as pagePath} from "../../export/page/web/core/paths.mjs";
import {shownAt} from "../../export/page/web/core/prune.mjs";
import {choiceOf, scoresOf} from "../../export/page/web/core/scores.mjs";
import {search} from "../../export/page/web/core/search.mjs";
import {
  History,
  emptyState,
  group,
  pin,
  place,
  relabel,
  rename,
  savedFrom,
  select,
  stateFrom,
  ungroup,
  unpin,
} from "../../export/page/web/core/state.mjs";
import {graphFromText} from "../../export/page/web/core/viewer_json.mjs";
import {neighboursOf, readJson, readText, strongestPath, viewerGraph} from "./expected.mjs";

const near = (a, b, what) => assert.ok(Math.abs(a - b) <= 1e-9, `${what}: ${a} is not ${b}`);

for (const name of ["demo", "large"]) {
  const graph = graphFromText(readText(`${name}.html`));
  const expected = viewerGraph(`${name}.json`);
  const {node_threshold: nodeMost, edge_threshold: linkMost} = graph.head;
  const all = shownAt(graph, nodeMost, linkMost);
  const ids = (mask) => graph.ids.filter((_, i) => mask[i]).sort();
  const linkIds = (mask) =>
    [...mask.keys()]
      .filter((e) => mask[e])
      .map((e) => `${graph.ids[graph.source[e]]} ${graph.ids[graph.target[e]]}`)
      .sort();

  test(`${name}: nodes and links are those of the graph`, () => {
    assert.deepEqual(ids(all.nodes), [...expected.nodes.keys()].sort());
    const weights = new Map(expected.links.map((e) => [`${e.source} ${e.target}`, e.weight]));
    let seen = 0;
    for (let e = 0; e < graph.m; ++e) {
      if (!all.links[e]) continue;
      ++seen;
      const weight = weights.get(`${graph.ids[graph.source[e]]} ${graph.ids[graph.target[e]]}`);
      assert.equal(graph.weight[e], Math.fround(weight));
    }
    assert.equal(seen, expected.links.length);
    for (let i = 0; i < graph.n; ++i) {
      const node = expected.nodes.get(graph.ids[i]);
      assert.equal(graph.position[i], node.ctx_idx);
      if (node.activation !== null) assert.equal(graph.activation[i], Math.fround(node.activation));
    }
  });

  for (const [slider, at] of [
    ["nodes", [0.5 * nodeMost, linkMost]],
    ["links", [0.5 * nodeMost, 0.5 * linkMost]],
  ]) {
    test(`${name}: sliders keep what circuit prune keeps (${slider})`, () => {
      const pruned = viewerGraph(`${name}-${slider}.json`);
      const shown = shownAt(graph, ...at);
      assert.deepEqual(ids(shown.nodes), [...pruned.nodes.keys()].sort());
      assert.deepEqual(
        linkIds(shown.links),
        pruned.links.map((e) => `${e.source} ${e.target}`).sort(),
      );
      assert.equal(shown.nNodes, pruned.nodes.size);
    });

    test(`${name}: scores are those of circuit score (${slider})`, () => {
      const {pruned} = readJson(`${name}-${slider}.score`);
      const scores = scoresOf(graph, shownAt(graph, ...at).nodes);
      near(scores.replacement, pruned.replacement_score, "replacement");
      near(scores.completeness, pruned.completeness_score, "completeness");
    });
  }

  test(`${name}: scores of the whole, of the page and of pins are those of circuit score`, () => {
    const whole = readJson(`${name}.score`);
    near(graph.head.scores.whole.replacement, whole.replacement_score, "whole");
    const page = name === "large" ? whole : whole.pruned; // large keeps everything
    near(graph.head.scores.pruned.completeness, page.completeness_score, "pruned");
    near(scoresOf(graph, all.nodes).replacement, page.replacement_score, "computed");
    const chosen = new Set(
      readText(`${name}.pins`)
        .trim()
        .split(",")
        .map((id) => graph.index.get(id)),
    );
    const pins = readJson(`${name}-pins.score`).chosen,
      scores = scoresOf(graph, choiceOf(graph, chosen));
    near(scores.replacement, pins.replacement_score, "pins");
    near(scores.completeness, pins.completeness_score, "pins");
  });

  test(`${name}: what is not drawn counts as error in the strictest score`, () => {
    const nodes = scoresOf(graph, all.nodes),
      links = scoresOf(graph, all.nodes, all.links);
    assert.ok(links.completeness <= nodes.completeness + 1e-12);
    assert.ok(links.replacement <= nodes.replacement + 1e-12);
    const none = scoresOf(graph, all.nodes, new Uint8Array(graph.m));
    assert.equal(none.replacement, 0);
  });

  test(`${name}: inputs and outputs are in order of share`, () => {
    const target = graph.ids[graph.n - 1];
    const busiest = [...all.inputs.keys()].sort((a, b) => all.inputs[b] - all.inputs[a])[0];
    for (const id of [target, graph.ids[busiest], graph.ids[0]]) {
      for (const side of ["inputs", "outputs"]) {
        const found = neighbours(graph, all, [graph.index.get(id)], side === "inputs");
        const wanted = neighboursOf(expected, id, side);
        assert.equal(found.length, wanted.length);
        found.forEach((entry, k) => near(entry.share, wanted[k].share, `${id} ${side} ${k}`));
      }
    }
  });

  test(`${name}: the strongest path is the best of all ways`, () => {
    const target = graph.ids[graph.n - 1];
    for (const from of graph.ids.filter((id) => id.startsWith("E_"))) {
      const wanted = strongestPath(expected, from, target);
      const path = pagePath(graph, all, graph.index.get(from), graph.index.get(target));
      if (wanted.share === 0) {
        assert.equal(path, null);
        continue;
      }
      near(path.share / wanted.share, 1, from);
      near(path.shares.reduce((product, share) => product * share, 1) / path.share, 1, "product");
    }
    assert.equal(pagePath(graph, all, graph.n - 1, 0), null);
  });

  test(`${name}: a group sums links with their signs and says what cancels`, () => {
    const members = graph.ids.filter((_, i) => graph.kind[i] === 0).slice(0, 6);
    const target = graph.ids[graph.n - 1];
    const state = pin(group(pin(emptyState(graph.head), members), members), [target]);
    const boxes = boxesOf(graph, state);
    assert.equal(boxes.length, 2);
    near(
      boxes[0].influence,
      members.reduce((sum, id) => sum + graph.influence[graph.index.get(id)], 0),
      "influence",
    );
    const direct = expected.links.filter((e) => members.includes(e.source) && e.target === target);
    const links = linksBetween(graph, all, boxes);
    assert.equal(links.length, direct.length > 0 ? 1 : 0);
    if (links.length === 0) return;
    near(
      links[0].weight,
      direct.reduce((sum, e) => sum + e.weight, 0),
      "sum",
    );
    near(
      links[0].absolute,
      direct.reduce((sum, e) => sum + Math.abs(e.weight), 0),
      "magnitudes",
    );
    near(links[0].share, links[0].absolute / expected.inputs.get(target), "share");
  });

  test(`${name}: the viewer's JSON is the same graph`, () => {
    const read = graphFromText(readText(`${name}.json`));
    const same = compareGraphs(graph, all, read);
    assert.equal(same.onlyA.length + same.onlyB.length, 0);
    assert.equal(same.links.onlyA + same.links.onlyB, 0);
    assert.equal(read.m, expected.links.length);
  });

  test(`${name}: every node has a place of its own in its row and column`, () => {
    const {x, y, columns} = placeNodes(graph, 1000, 500);
    assert.equal(new Set([...x.keys()].map((i) => `${x[i]} ${y[i]}`)).size, graph.n);
    for (let i = 0; i < graph.n; ++i) {
      const column = columns.find(({position}) => position === graph.position[i]);
      assert.ok(x[i] >= column.start && x[i] <= column.end, graph.ids[i]);
      for (const e of [...Array(graph.offset[i + 1] - graph.offset[i]).keys()].map(
        (k) => k + graph.offset[i],
      )) {
        assert.ok(y[graph.source[e]] > y[i], `${graph.ids[i]} is not above what it reads`);
      }
    }
  });
}

test("sliders follow the other rules of pruning", () => {
  const graph = graphFromText(readText("rules.html")),
    ids = (mask) => graph.ids.filter((_, i) => mask[i]).sort();
  for (const [name, at] of [
    ["rules", [0.95, 0.98]],
    ["rules-nodes", [0.475, 0.98]],
    ["rules-links", [0.475, 0.49]],
  ]) {
    const pruned = viewerGraph(`${name}.json`),
      shown = shownAt(graph, ...at);
    assert.deepEqual(ids(shown.nodes), [...pruned.nodes.keys()].sort(), name);
    assert.equal(shown.nLinks, pruned.links.length, name);
  }
  const compact = graphFromText(readText("compact.html")),
    pruned = viewerGraph("compact-links.json");
  const left = shownAt(compact, 0.5, 0.9);
  assert.deepEqual(
    compact.ids.filter((_, i) => left.nodes[i]).sort(),
    [...pruned.nodes.keys()].sort(),
  );
  assert.equal(left.nLinks, pruned.links.length);
  const budget = graphFromText(readText("budget.html"));
  assert.equal(budget.head.node_threshold, 1);
  assert.equal(shownAt(budget, 1, 0.98).nNodes, viewerGraph("budget.json").nodes.size);
  assert.ok(shownAt(budget, 0.3, 0.98).nNodes < shownAt(budget, 0.6, 0.98).nNodes);
});

const graph = graphFromText(readText("demo.html"));
const [first, second, third] = graph.ids;

test("state: what is saved is read back, through an address too", () => {
  let state = pin(emptyState(graph.head), [first, second, third]);
  state = rename(group(state, [first, second]), "g1", 'Größe, "x" & <b>');
  state = relabel(state, graph, third, "a, label; with #marks %20");
  state = place(select({...state, path: [first, third], nodeShare: 0.5}, third), "g1", [10, -20]);
  assert.deepEqual(stateFrom(graph, savedFrom(state)), state);
  const initial = emptyState(graph.head);
  const address = addressOf(state, initial);
  assert.deepEqual(stateFrom(graph, savedFromAddress(`#${address}`, initial)), state);
  assert.equal(addressOf(initial, initial), "");
});

test("state: what others wrote wrongly is left out", () => {
  const state = stateFrom(graph, {
    pinnedIds: ["nothing", first, first, 7],
    supernodes: [["a", second, "no"], ["taken", second], "b", [5]],
    clerps: [[first, "x"], [second], "y"],
    clickedId: "no",
    pruningThreshold: "a lot",
    places: {[first]: [1], no: [1, 2]},
    path: [first],
  });
  assert.deepEqual(state.pins, [first, second]);
  assert.deepEqual(state.groups, [{id: "g1", name: "a", members: [second]}]);
  assert.deepEqual(state.labels, {[first]: "x"});
  assert.deepEqual([state.selected, state.path, state.places], ["", null, {}]);
  assert.equal(state.nodeShare, graph.head.node_threshold);
  assert.deepEqual(stateFrom(graph, null), emptyState(graph.head));
  assert.deepEqual(
    stateFrom(
      graph,
      savedFromAddress("#supernodes={&clerps=5&places=null&x=1", emptyState(graph.head)),
    ),
    emptyState(graph.head),
  );
});

test("state: groups take and leave members, ids are not used again", () => {
  let state = group(pin(emptyState(graph.head), [first, second, third]), [first, second]);
  assert.equal(state.selected, "g1");
  state = group(state, ["g1", third]);
  assert.deepEqual(state.groups, [{id: "g2", name: "", members: [first, second, third]}]);
  state = unpin(state, [second]);
  assert.deepEqual(state.groups[0].members, [first, third]);
  state = ungroup(state, "g2");
  assert.deepEqual([state.groups, state.pins], [[], [first, third]]);
  assert.deepEqual(unpin(group(state, [first, third]), ["g1"]).pins, []);
});

test("state: a label holds for every node of its feature", () => {
  const twice = graph.ids.find(
    (_, i) =>
      graph.kind[i] === 0 &&
      graph.ids.some(
        (__, j) =>
          j !== i &&
          graph.kind[j] === 0 &&
          graph.layer[j] === graph.layer[i] &&
          graph.feature[j] === graph.feature[i],
      ),
  );
  const state = relabel(emptyState(graph.head), graph, twice, "both");
  assert.ok(Object.keys(state.labels).length > 1);
  assert.deepEqual(relabel(state, graph, twice, "").labels, {});
});

test("history: undo and redo, with steps of a slider as one", () => {
  const history = new History(emptyState(graph.head));
  history.push({...history.state, nodeShare: 0.7}, "shares");
  history.push({...history.state, nodeShare: 0.6}, "shares");
  history.push(pin(history.state, [first]));
  history.replace(select(history.state, second));
  assert.ok(history.undo());
  assert.deepEqual(
    [history.state.pins, history.state.nodeShare, history.state.selected],
    [[], 0.6, second],
  );
  assert.ok(history.undo());
  assert.equal(history.state.nodeShare, graph.head.node_threshold);
  assert.ok(!history.undo());
  assert.ok(history.redo() && history.redo() && !history.redo());
  assert.deepEqual(history.state.pins, [first]);
});

test("search: by label, token, feature id, layer, position, pattern", () => {
  const found = (query, labels) => search(graph, query, labels).nodes;
  const feature = graph.kind.findIndex((kind, i) => kind === 0 && graph.texts[i] !== "");
  const [layer, number] = graph.ids[feature].split("_");
  assert.ok(found(graph.texts[feature].split(" ").at(-1)).includes(feature));
  for (const query of [`${layer}_${number}`, `L${layer}/${number}`, graph.ids[feature], number]) {
    assert.ok(found(query).includes(feature), query);
  }
  assert.ok(found("petit").some((i) => graph.kind[i] === 2));
  assert.deepEqual(found("my label", {[first]: "My Label"}), [0]);
  assert.ok(found("layer:4").length > 0 && found("layer:4").every((i) => graph.layer[i] === 4));
  assert.ok(found("kind:token").every((i) => graph.kind[i] === 2));
  assert.deepEqual(found("kind:token pos:2").length, 1);
  assert.ok(found("/gr.nd/").some((i) => graph.kind[i] === 3));
  assert.match(search(graph, "/(/").problem, /no pattern/);
  const influence = found("kind:feature").map((i) => graph.influence[i]);
  assert.deepEqual(
    influence,
    [...influence].sort((a, b) => b - a),
  );
});

test("compare: matches features by layer and number, whatever the position", () => {
  const other = graphFromText(readText("other.html"));
  const shown = shownAt(graph, graph.head.node_threshold, graph.head.edge_threshold);
  const result = compareGraphs(graph, shown, other);
  const keys = (name) =>
    new Set(
      [...viewerGraph(name).nodes.values()]
        .filter((node) => node.feature_type === "cross layer transcoder")
        .map((node) => node.node_id.replace(/_\d+$/, "")),
    );
  const a = keys("demo.json"),
    b = keys("other.json"),
    features = (list) =>
      list
        .map((e) => e.key)
        .filter((key) => /^\d/.test(key))
        .sort();
  assert.deepEqual(features(result.common), [...a].filter((key) => b.has(key)).sort());
  assert.deepEqual(features(result.onlyA), [...a].filter((key) => !b.has(key)).sort());
  assert.deepEqual(features(result.onlyB), [...b].filter((key) => !a.has(key)).sort());
  assert.throws(() => graphFromText("nothing"), /expected a page of circuit or a graph/);
  assert.throws(() => graphFromText('{"nodes": 5}'), /expected a graph with nodes and links/);
});

test("numbers: shares have a sign and three digits", () => {
  assert.deepEqual(
    [percent(0.1234), percent(-0.1234, true), percent(0.00123, true), percent(1)],
    ["12.3 %", "−12.3 %", "+0.12 %", "100 %"],
  );
});

test("parts of links are those of the graph, and those of several links add up", () => {
  const graph = graphFromText(readText("attention.html"));
  const expected = new Map(
    readJson("attention.expected").links.map((e) => [`${e.source} ${e.target}`, e]),
  );
  const shown = [...graph.shown.keys()].filter((e) => graph.shown[e]);
  assert.equal(shown.length, expected.size);
  for (const e of shown) {
    const link = expected.get(`${graph.ids[graph.source[e]]} ${graph.ids[graph.target[e]]}`);
    const found = partsOfLinks(graph, [e]);
    assert.deepEqual(
      found.map(({name, weight}) => [name, weight]).sort(),
      link.parts.map(([name, weight]) => [name, Math.fround(weight)]).sort(),
    );
    near(
      found.reduce((sum, {share}) => sum + share, 0),
      1,
      "shares",
    );
  }
  const together = partsOfLinks(graph, shown).reduce((sum, {weight}) => sum + weight, 0);
  const all = shown.reduce((sum, e) => sum + graph.weight[e], 0);
  assert.ok(Math.abs(together - all) < 1e-4, `${together} is not ${all}`);
});

test("a link that is not divided stands as such among others", () => {
  const graph = graphFromText(readText("attention.html"));
  const divided = graph.attention.place.keys().next().value;
  const hidden = [...graph.shown.keys()].find((e) => !graph.attention.place.has(e));
  const parts = partsOfLinks(graph, [divided, hidden]);
  const whole = parts.find(({name}) => name === "links that are not divided");
  assert.equal(whole.weight, graph.weight[hidden]);
  assert.deepEqual(partsOfLinks(graph, [hidden]), []);
});

test("what reads nothing has no scores, and every side of a score has a name", () => {
  const graph = graphFromText(readText("attention-tables.html"));
  const all = shownAt(graph, graph.head.node_threshold, graph.head.edge_threshold);
  const token = graph.kind.indexOf(2);
  assert.deepEqual(tablesOf(graph, all, [token]), []);
  const names = new Set();
  for (const {terms} of graph.attention.tables)
    for (const [query, key] of terms)
      for (const side of [query, key]) names.add(sourceOf(graph, side, {}).name);
  assert.ok(names.has("biases"));
  assert.ok([...names].some((name) => /^L\d+\/\d+ at \d+$/.test(name)));
  assert.ok([...names].some((name) => /^error L\d+ at \d+$/.test(name)));
  assert.ok([...names].some((name) => /^token \d+$/.test(name)));
});

test("targets that are no outputs say what they are and what they weigh", () => {
  const target = (position, clerp, weight) => ({
    node_id: `3_9_${position}`,
    feature_type: "logit",
    layer: "3",
    ctx_idx: position,
    clerp,
    token_prob: weight,
  });
  const graph = graphFromText(
    JSON.stringify({
      metadata: {prompt_tokens: ["a", "b", "c"]},
      nodes: [
        {node_id: "E_1_0", feature_type: "embedding", layer: "E", ctx_idx: 0, clerp: ""},
        target(1, 'Feature "L1/4 at 1: big" (p=1.000)', 1),
        target(2, 'Output " grand" (p=0.931)', 0.931),
      ],
      links: [{source: "E_1_0", target: "3_9_1", weight: 2}],
    }),
  );
  assert.equal(describeNode(graph, 1), "feature “L1/4 at 1: big” weight 1");
  assert.equal(describeNode(graph, 2), "output “ grand” 93.1 %");
  assert.deepEqual([...graph.position], [0, 1, 2]);
});
