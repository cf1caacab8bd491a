// The keyboard: one letter for each thing that a mouse does.
import {TARGET} from "../core/graph.mjs";
import {neighbours} from "../core/groups.mjs";
import {byId} from "./dom.mjs";

export function listenToKeys(app) {
  const selected = () => app.model.state.selected;
  const first = () => app.model.members[0] ?? -1;
  const keys = {
    "/": () => byId("search").focus(),
    p: () => selected() && app.actions.togglePin([selected()]),
    g: () => app.subgraph.groupMarked(),
    u: () => app.actions.undo(),
    r: () => app.actions.redo(),
    f: () => app.actions.pathEnd(0, first()),
    t: () => app.actions.pathEnd(1, first()),
    l: () => {
      if (first() >= 0) byId("label-input").focus();
    },
    "+": () => app.linkGraph.zoomBy(1.4),
    "=": () => app.linkGraph.zoomBy(1.4),
    "-": () => app.linkGraph.zoomBy(1 / 1.4),
    0: () => app.linkGraph.resetZoom(),
    "?": () => byId("help").showModal(),
    Escape: () => app.actions.select(""),
  };
  document.addEventListener("keydown", (event) => {
    if (event.target.closest("input, textarea, select, dialog[open]")) return;
    const control = event.ctrlKey || event.metaKey,
      key = event.key.toLowerCase();
    if (control && (key === "z" || key === "y")) {
      event.preventDefault();
      return key === "y" || event.shiftKey ? app.actions.redo() : app.actions.undo();
    }
    const action = keys[event.key];
    if (control || event.altKey || !action) return;
    event.preventDefault();
    action();
  });
  byId("link-graph").addEventListener("keydown", (event) => {
    const step = {ArrowUp: "outputs", ArrowDown: "inputs", ArrowLeft: -1, ArrowRight: 1}[event.key];
    if (step === undefined) {
      if (event.key === "Enter" && first() < 0) walk(app, "inputs");
      return;
    }
    event.preventDefault();
    walk(app, step);
  });
}

/** To the strongest input or output, or to the next shown node of the row. */
function walk({model, actions, linkGraph}, step) {
  const {graph, shown, members} = model;
  let next = -1;
  if (members.length === 0) {
    next = graph.kind.findIndex((kind, i) => kind === TARGET && shown.nodes[i]);
  } else if (typeof step === "string") {
    next = neighbours(graph, shown, members, step === "inputs")[0]?.node ?? -1;
  } else {
    const [i] = members,
      {x, y} = linkGraph.layout;
    const inRow = (j) =>
      shown.nodes[j] &&
      graph.layer[j] === graph.layer[i] &&
      (graph.kind[j] !== TARGET) === (graph.kind[i] !== TARGET);
    const row = [...graph.kind.keys()].filter(inRow).sort((a, b) => x[a] - x[b] || y[a] - y[b]);
    next = row[row.indexOf(i) + step] ?? -1;
  }
  if (next < 0) return;
  actions.select(graph.ids[next]);
  linkGraph.reveal(next);
}
