// Everything pinned as a list with boxes to tick: what the subgraph does with a mouse, without one.
import {describeNode, nodeName, nodeText, percent} from "../core/graph.mjs";
import {byId, element} from "./dom.mjs";
import {boxTexts} from "./subgraph.mjs";

export class PinsPanel {
  constructor(actions) {
    this.actions = actions;
    this.list = byId("pins-list");
    byId("pins-group").addEventListener("click", () => {
      const ids = this.ticked();
      if (ids.length > 1) actions.group(ids, byId("pins-name").value.trim());
      byId("pins-name").value = "";
    });
    byId("pins-unpin").addEventListener("click", () => actions.unpin(this.ticked()));
    byId("pins-top").addEventListener("click", () => actions.pinTop(20));
  }

  ticked() {
    return [...this.list.querySelectorAll("input:checked")].map((input) => input.value);
  }

  update(model) {
    const before = this.model;
    this.model = model;
    const {boxes, state} = model;
    byId("pins-count").textContent = boxes.length;
    if (
      before &&
      before.boxes === boxes &&
      before.state.labels === state.labels &&
      before.state.selected === state.selected
    )
      return;
    const ticked = new Set(this.ticked());
    this.list.replaceChildren(...boxes.map((box) => this.row(box, ticked.has(box.id))));
    if (boxes.length === 0) this.list.append(element("li", {class: "empty"}, "Nothing is pinned."));
  }

  row(box, ticked) {
    const {graph, state} = this.model,
      [name, text] = boxTexts(this.model, box);
    const tick = element("input", {
      type: "checkbox",
      value: box.id,
      "aria-label": `Choose ${name} ${text}`,
    });
    tick.checked = ticked;
    const open = element(
      "button",
      {
        type: "button",
        class: box.id === state.selected ? "link current" : "link",
        onclick: () => this.actions.select(box.id),
      },
      element("span", {class: "name"}, name),
      " ",
      element("span", {class: "text"}, text),
    );
    const members = box.group
      ? element(
          "ul",
          {},
          ...box.members.map((i) =>
            element(
              "li",
              {},
              element(
                "button",
                {
                  type: "button",
                  class: "link",
                  title: describeNode(graph, i, state.labels),
                  onclick: () => this.actions.select(graph.ids[i]),
                },
                element("span", {class: "name"}, nodeName(graph, i)),
                " ",
                element("span", {class: "text"}, nodeText(graph, i, state.labels)),
              ),
            ),
          ),
        )
      : null;
    return element(
      "li",
      {},
      element(
        "div",
        {class: "pin-row"},
        tick,
        open,
        element("span", {class: "share", title: "influence"}, percent(box.influence)),
      ),
      members,
    );
  }
}
