// The strongest path between two chosen nodes, step by step.
import {describeNode, nodeName, nodeText, percent} from "../core/graph.mjs";
import {byId, element} from "./dom.mjs";

export class PathPanel {
  constructor(actions) {
    this.actions = actions;
    byId("path-clear").addEventListener("click", () => actions.setPath(null));
    byId("path-pin").addEventListener("click", () => actions.pinPath());
  }

  update(model) {
    if (
      this.model &&
      this.model.path === model.path &&
      this.model.ends === model.ends &&
      this.model.state.labels === model.state.labels
    )
      return;
    this.model = model;
    const {graph, state, ends, path} = model;
    const text = (i) => (i < 0 ? "not chosen" : describeNode(graph, i, state.labels));
    byId("path-start").textContent = text(ends[0]);
    byId("path-end").textContent = text(ends[1]);
    byId("path-clear").disabled = ends[0] < 0 && ends[1] < 0;
    byId("path-pin").disabled = !path;
    byId("path-result").textContent = path
      ? `${path.links.length} ${path.links.length === 1 ? "link" : "links"}, product of shares ${percent(path.share)}`
      : ends[0] >= 0 && ends[1] >= 0
        ? "No shown link leads from the first to the second."
        : "";
    byId("path-steps").replaceChildren(
      ...(path ? path.nodes.map((i, k) => this.step(i, path, k)) : []),
    );
  }

  step(i, path, k) {
    const {graph, state} = this.model;
    const link = path.links[k - 1];
    const share =
      k === 0
        ? null
        : element(
            "span",
            {class: "share"},
            percent(graph.weight[link] < 0 ? -path.shares[k - 1] : path.shares[k - 1], true),
          );
    return element(
      "li",
      {},
      element(
        "button",
        {type: "button", class: "link", onclick: () => this.actions.select(graph.ids[i])},
        element("span", {class: "name"}, nodeName(graph, i)),
        " ",
        element("span", {class: "text"}, nodeText(graph, i, state.labels)),
      ),
      share,
    );
  }
}
