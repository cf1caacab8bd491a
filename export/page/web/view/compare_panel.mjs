// What this graph and a second one have in common, as three lists.
import {percent} from "../core/graph.mjs";
import {byId, element} from "./dom.mjs";
import {NodeList} from "./node_list.mjs";

const LISTS = [
  ["common", "In both"],
  ["onlyA", "Only in this graph"],
  ["onlyB", "Only in the other"],
];

export class ComparePanel {
  constructor(actions) {
    this.actions = actions;
    this.lists = LISTS.map(
      ([key, label]) =>
        new NodeList(byId(`compare-${key}`), {
          label,
          row: (entry) => this.row(entry, key),
          name: (entry) => `${entry.name} ${entry.text}`,
          choose: (entry) => {
            if (entry.a.length > 0) {
              actions.select(this.model.graph.ids[entry.a[0]]);
              actions.reveal(entry.a[0]);
            }
          },
          hover: (entry) => actions.hover(entry?.a[0] ?? -1),
        }),
    );
    byId("compare-open").addEventListener("click", () => byId("file-input").click());
    byId("compare-close").addEventListener("click", () => actions.compareWith(null));
  }

  update(model) {
    if (this.model && this.model.compare === model.compare) return;
    this.model = model;
    const {compare} = model;
    byId("compare-none").hidden = Boolean(compare);
    byId("compare-some").hidden = !compare;
    byId("compare-close").hidden = !compare;
    if (!compare) return;
    byId("compare-title").textContent = compare.graph.head.title || compare.graph.head.prompt;
    byId("compare-warning").textContent = warning(model.graph.head, compare.graph.head);
    const {links} = compare;
    byId("compare-links").textContent =
      `Links: ${links.common} in both, ${links.onlyA} only here, ${links.onlyB} only in the other.`;
    LISTS.forEach(([key], k) => {
      byId(`compare-${key}-count`).textContent = compare[key].length;
      this.lists[k].update(compare[key]);
    });
  }

  row({name, text, influenceA, influenceB}, key) {
    const both =
      key === "common"
        ? `${percent(influenceA)} · ${percent(influenceB)}`
        : percent(influenceA + influenceB);
    return [
      element("span", {class: "name"}, name),
      element("span", {class: "text"}, text),
      element("span", {class: "share"}, both),
    ];
  }
}

function warning(a, b) {
  const differ =
    a.transcoders_hash && b.transcoders_hash && a.transcoders_hash !== b.transcoders_hash;
  return differ
    ? "The graphs are of different transcoders: equal numbers do not mean equal features."
    : "";
}
