// The search field: a combobox whose list opens as one types; Enter goes to a node.
import {FEATURE, describeNode, nodeName, nodeText, percent} from "../core/graph.mjs";
import {search} from "../core/search.mjs";
import {announce, byId, element} from "./dom.mjs";

const MOST = 50; // rows; who has more adds a word

export class SearchBox {
  constructor(actions) {
    this.actions = actions;
    this.input = byId("search");
    this.list = byId("found");
    this.input.addEventListener("input", () => this.find());
    this.input.addEventListener("focus", () => this.find());
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.input.addEventListener("blur", () => this.close());
    // Before the field loses its focus, which closes the list.
    this.list.addEventListener("pointerdown", (event) => {
      const option = event.target.closest("[data-node]");
      if (option) {
        event.preventDefault();
        this.go(Number(option.dataset.node));
      }
    });
  }

  update(model) {
    this.model = model;
  }

  find() {
    const {graph, state, shown} = this.model;
    const {nodes, problem} = search(graph, this.input.value, state.labels);
    this.nodes = nodes.slice(0, MOST);
    this.active = -1;
    const rows = this.nodes.map((i, at) =>
      element(
        "li",
        {
          role: "option",
          id: `found-${at}`,
          "data-node": i,
          "aria-label": describeNode(graph, i, state.labels),
          class: shown.nodes[i] ? "" : "not-shown",
        },
        element("span", {class: "name"}, nodeName(graph, i)),
        element("span", {class: "text"}, nodeText(graph, i, state.labels)),
        element(
          "span",
          {class: "share"},
          `@${graph.position[i]} ${graph.kind[i] === FEATURE ? percent(graph.influence[i]) : ""}`,
        ),
      ),
    );
    const note =
      problem ||
      (nodes.length > MOST
        ? `${nodes.length} found, the first ${MOST} are listed`
        : nodes.length === 0
          ? "nothing found"
          : "");
    if (note) rows.push(element("li", {class: "empty"}, note));
    this.list.replaceChildren(...rows);
    const open = this.input.value.trim() !== "";
    this.list.hidden = !open;
    this.input.setAttribute("aria-expanded", String(open));
    if (open) announce(problem || `${nodes.length} found`);
    this.actions.mark(open ? nodes : []);
  }

  key(event) {
    event.stopPropagation();
    if (event.key === "Escape") {
      this.input.value = "";
      this.find();
      return this.input.blur();
    }
    if (event.key === "Enter" && this.nodes?.length > 0)
      return this.go(this.nodes[Math.max(0, this.active)]);
    const step = {ArrowDown: 1, ArrowUp: -1}[event.key];
    if (!step || !this.nodes?.length) return;
    event.preventDefault();
    this.list.querySelector(".active")?.classList.remove("active");
    this.active = (this.active + step + this.nodes.length) % this.nodes.length;
    const option = this.list.children[this.active];
    option.classList.add("active");
    option.scrollIntoView({block: "nearest"});
    this.input.setAttribute("aria-activedescendant", option.id);
  }

  go(node) {
    this.actions.select(this.model.graph.ids[node]);
    this.actions.reveal(node);
    this.close();
  }

  close() {
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
    this.actions.mark([]);
  }
}
