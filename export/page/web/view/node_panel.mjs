// The panel of what is selected, a node or a group: its label, facts, what it reads and feeds, its
// feature's card.
import {
  FEATURE,
  TARGET,
  TOKEN,
  describeNode,
  isOutput,
  nodeName,
  nodeText,
  number,
  percent,
  weightText,
} from "../core/graph.mjs";
import {neighbours} from "../core/groups.mjs";
import {rowSums} from "../core/influence.mjs";
import {groupOf} from "../core/state.mjs";
import {fillCard} from "./card.mjs";
import {byId, element} from "./dom.mjs";
import {mainWay, mainWayText, partsBox, partsOfRow} from "./head_parts.mjs";
import {NodeList} from "./node_list.mjs";

export class NodePanel {
  constructor(actions) {
    this.actions = actions;
    const options = (inputs) => ({
      label: `${inputs ? "Inputs" : "Outputs"}, strongest first`,
      row: (item) => this.row(item, inputs),
      name: (item) => this.name(item, inputs),
      detail: ({node}) => partsBox(partsOfRow(this.model, node, inputs)),
      choose: (item, event) => this.choose(item, event),
      hover: (item) => actions.hover(item?.node ?? -1),
    });
    this.inputs = new NodeList(byId("inputs"), options(true));
    this.outputs = new NodeList(byId("outputs"), options(false));
    const form = byId("label-form"),
      input = byId("label-input");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.saveLabel();
      input.blur();
    });
    input.addEventListener("change", () => this.saveLabel());
    byId("pin-button").addEventListener("click", () =>
      actions.togglePin([this.model.state.selected]),
    );
    byId("ungroup-button").addEventListener("click", () =>
      actions.ungroup(this.model.state.selected),
    );
    byId("path-from").addEventListener("click", () => actions.pathEnd(0, this.model.members[0]));
    byId("path-to").addEventListener("click", () => actions.pathEnd(1, this.model.members[0]));
  }

  update(model) {
    const before = this.model;
    this.model = model;
    const {graph, members, state} = model;
    byId("nothing-selected").hidden = members.length > 0;
    byId("selected-node").hidden = members.length === 0;
    if (members.length === 0) return;
    const same =
      before &&
      before.members === model.members &&
      before.shown === model.shown &&
      before.state.labels === state.labels &&
      before.state.groups === state.groups;
    this.updateButtons(model);
    if (same) return;
    const group = state.groups.find(({id}) => id === state.selected);
    byId("node-name").textContent = group ? group.name || "group" : nodeName(graph, members[0]);
    byId("node-text").textContent = group
      ? membersText(model)
      : nodeText(graph, members[0], state.labels);
    const input = byId("label-input");
    byId("label-caption").textContent = group ? "Name" : "Label";
    input.value = group ? group.name : (state.labels[graph.ids[members[0]]] ?? "");
    input.placeholder = group
      ? "name of this group"
      : graph.texts[members[0]] || "what does it stand for?";
    byId("facts").replaceChildren(
      ...factsOf(model, group).flatMap(([name, value, title]) => [
        element("dt", {title}, name),
        element("dd", {}, value),
      ]),
    );
    this.inputs.update(neighbours(graph, model.shown, members, true));
    this.outputs.update(neighbours(graph, model.shown, members, false));
    byId("inputs-count").textContent = this.inputs.items.length;
    byId("outputs-count").textContent = this.outputs.items.length;
    byId("inputs-share").textContent = shareText(model, this.inputs.items);
    fillCard(byId("card"), model);
  }

  updateButtons({state, members, graph}) {
    const isGroup = state.groups.some(({id}) => id === state.selected);
    const pinned = members.every((i) => state.pins.includes(graph.ids[i]));
    byId("pin-button").textContent = pinned ? "Unpin" : "Pin";
    byId("pin-button").setAttribute("aria-pressed", String(pinned));
    byId("ungroup-button").hidden = !isGroup;
    byId("path-from").hidden = byId("path-to").hidden = isGroup;
  }

  saveLabel() {
    const {state, graph, members} = this.model,
      value = byId("label-input").value.trim();
    if (state.groups.some(({id}) => id === state.selected))
      return this.actions.rename(state.selected, value);
    this.actions.relabel(graph.ids[members[0]], value);
  }

  /** Opens the row of a link that has one end among what is selected. */
  showLink(e) {
    const {graph, members} = this.model,
      input = members.includes(graph.target[e]);
    const list = input ? this.inputs : this.outputs,
      other = input ? graph.source[e] : graph.target[e];
    list.activate(list.items.findIndex(({node}) => node === other));
  }

  row({node, weight, share}, inputs) {
    const {graph, state} = this.model;
    const name = element("span", {class: "name"}, nodeName(graph, node));
    const text = element("span", {class: "text"}, nodeText(graph, node, state.labels));
    const value = element("span", {class: "share"}, percent(weight < 0 ? -share : share, true));
    const bar = element("span", {class: weight < 0 ? "bar negative" : "bar positive"});
    bar.style.width = `${100 * share}%`;
    const way = mainWay(partsOfRow(this.model, node, inputs));
    const raw = element("span", {class: "raw"}, number(weight));
    return [bar, name, text, ...(way ? [way] : []), raw, value];
  }

  name({node, weight, share}, inputs) {
    const {graph, state} = this.model,
      way = mainWayText(partsOfRow(this.model, node, inputs));
    return `${describeNode(graph, node, state.labels)}, ${percent(weight < 0 ? -share : share, true)}, weight ${number(weight)}${way}`;
  }

  choose({node}, event) {
    const id = this.model.graph.ids[node];
    if (event.ctrlKey || event.metaKey || event.shiftKey) this.actions.togglePin([id]);
    else this.actions.select(id);
  }
}

const membersText = ({graph, members, state}) =>
  members
    .map((i) => `${nodeName(graph, i)} ${nodeText(graph, i, state.labels)}`.trim())
    .join(" · ");

/** [name, value, explanation] */
function factsOf({graph, members, state}, group) {
  const influence = members.reduce((sum, i) => sum + graph.influence[i], 0);
  if (group)
    return [
      ["members", String(members.length)],
      ["influence", percent(influence), "sum of the members’"],
    ];
  const [i] = members,
    position = graph.position[i];
  const facts = [
    ["token", `“${graph.tokens[position]}” (${position})`],
    ["id", graph.ids[i]],
  ];
  if (graph.kind[i] === FEATURE) facts.push(["activation", number(graph.activation[i])]);
  if (graph.kind[i] === TARGET)
    facts.push([isOutput(graph, i) ? "probability" : "in influence", weightText(graph, i)]);
  else
    facts.push(["influence", percent(graph.influence[i]), "share of the influence of all nodes"]);
  const own = groupOf(state, graph.ids[i]);
  if (own) facts.push(["group", own.name || own.id]);
  if (graph.kind[i] !== TOKEN && graph.dropped[i] > 0) {
    facts.push([
      "not traced",
      percent(graph.dropped[i]),
      "share of its input from features that a cap left out",
    ]);
  }
  return facts;
}

/** How much of everything that the members read stands in the list. */
function shareText({graph, members}, items) {
  if (items.length === 0) return "";
  const sums = rowSums(graph);
  const all = members.reduce((sum, i) => sum + sums[i] + graph.rest[i], 0);
  const listed = items.reduce((sum, item) => sum + item.absolute, 0);
  return `These carry ${percent(listed / all)} of all that ${members.length > 1 ? "the members read" : "it reads"}.`;
}
