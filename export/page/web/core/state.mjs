// What a person made of the graph, as a value that is never changed: every command gives a new one.
// Undo is a list of such values.

/** Ids are node ids, of boxes also group ids. */
export function emptyState(head) {
  return {
    nodeShare: head.node_threshold,
    linkShare: head.edge_threshold,
    pins: [],
    groups: [],
    labels: {},
    places: {},
    path: null,
    selected: "",
  };
}

const text = (value) => (typeof value === "string" ? value : "");
const list = (value) => (Array.isArray(value) ? value : []);

function shareOr(value, most) {
  const share = typeof value === "string" && value !== "" ? Number(value) : value;
  return typeof share === "number" && share >= 0 && share <= most ? share : most;
}

/**
 * A state from what viewers save: {pinnedIds, supernodes: [[name, id…]…], clerps: [[id, text]…],
 * clickedId, pruningThreshold} and our linkThreshold, places, path. Unknown ids and wrong types are
 * left out: files and addresses come from anywhere.
 */
export function stateFrom(graph, saved) {
  const state = emptyState(graph.head);
  if (saved === null || typeof saved !== "object") return state;
  const known = (id) => typeof id === "string" && graph.index.has(id);
  state.nodeShare = shareOr(saved.pruningThreshold, graph.head.node_threshold);
  state.linkShare = shareOr(saved.linkThreshold, graph.head.edge_threshold);
  state.pins = [...new Set(list(saved.pinnedIds).filter(known))];
  for (const row of list(saved.supernodes)) {
    const [name, ...ids] = list(row);
    const members = ids.filter((id) => known(id) && !groupOf(state, id));
    if (members.length > 0) state.groups.push({id: nextGroup(state), name: text(name), members});
  }
  state.pins = [...new Set([...state.pins, ...state.groups.flatMap((group) => group.members)])];
  for (const row of list(saved.clerps)) {
    const [id, label] = list(row);
    if (known(id) && typeof label === "string") state.labels[id] = label;
  }
  const boxKnown = (id) => known(id) || state.groups.some((group) => group.id === id);
  for (const [id, place] of Object.entries(saved.places ?? {})) {
    if (boxKnown(id) && list(place).length === 2 && place.every(Number.isFinite)) {
      state.places[id] = place;
    }
  }
  const path = list(saved.path);
  if (path.length === 2 && path.every(known)) state.path = path;
  if (boxKnown(saved.clickedId)) state.selected = saved.clickedId;
  return state;
}

/** What `stateFrom` reads, and other viewers too. */
export function savedFrom(state) {
  return {
    pinnedIds: state.pins,
    supernodes: state.groups.map((g) => [g.name, ...g.members]),
    linkType: "both",
    clickedId: state.selected,
    sg_pos: "",
    clerps: Object.entries(state.labels),
    pruningThreshold: String(state.nodeShare),
    linkThreshold: String(state.linkShare),
    places: state.places,
    path: state.path ?? [],
  };
}

export const groupOf = (state, id) => state.groups.find((group) => group.members.includes(id));

/** Ids are never used twice in a state, so that places and selection stay with their group. */
function nextGroup(state) {
  const numbers = state.groups.map((group) => Number(group.id.slice(1)));
  return `g${Math.max(0, ...numbers) + 1}`;
}

const withoutPlace = (places, id) =>
  Object.fromEntries(Object.entries(places).filter(([key]) => key !== id));

/** Leaves groups of fewer than one member out. */
function withGroups(state, groups) {
  const left = groups.filter((group) => group.members.length > 0);
  const gone = state.groups.filter((group) => !left.some((other) => other.id === group.id));
  let {places, selected} = state;
  for (const {id} of gone) {
    places = withoutPlace(places, id);
    if (selected === id) selected = "";
  }
  return {...state, groups: left, places, selected};
}

export const isGroup = (state, id) => state.groups.some((group) => group.id === id);
const nodesOf = (state, ids) => [
  ...new Set(ids.flatMap((id) => state.groups.find((g) => g.id === id)?.members ?? [id])),
];

export function pin(state, ids) {
  return {...state, pins: [...new Set([...state.pins, ...ids])]};
}

/** Of a group its members; whoever leaves the panel leaves its group. */
export function unpin(state, ids) {
  const gone = new Set(nodesOf(state, ids));
  const groups = state.groups.map((g) => ({...g, members: g.members.filter((m) => !gone.has(m))}));
  return withGroups({...state, pins: state.pins.filter((id) => !gone.has(id))}, groups);
}

/** One group of all these nodes and groups, at the first one's place. Needs two nodes. */
export function group(state, ids, name = "") {
  const members = nodesOf(state, ids);
  if (members.length < 2) return state;
  const inside = new Set(members),
    id = nextGroup(state);
  const first = ids.find((other) => state.places[other]);
  const named =
    name ||
    ids
      .map((other) => state.groups.find((g) => g.id === other)?.name ?? "")
      .find((other) => other !== "") ||
    "";
  const rest = state.groups.map((g) => ({...g, members: g.members.filter((m) => !inside.has(m))}));
  const next = withGroups(pin(state, members), [...rest, {id, name: named, members}]);
  const places = first ? {...next.places, [id]: state.places[first]} : next.places;
  return {...next, places, selected: id};
}

export function ungroup(state, id) {
  return withGroups(
    state,
    state.groups.filter((group) => group.id !== id),
  );
}

export function rename(state, id, name) {
  return {...state, groups: state.groups.map((g) => (g.id === id ? {...g, name} : g))};
}

/** Every node of the same feature gets the label; an empty one is taken back to the file's. */
export function relabel(state, graph, id, label) {
  const i = graph.index.get(id),
    labels = {...state.labels};
  for (let j = 0; j < graph.n; ++j) {
    if (
      graph.kind[j] !== graph.kind[i] ||
      graph.layer[j] !== graph.layer[i] ||
      graph.feature[j] !== graph.feature[i] ||
      (graph.feature[i] < 0 && j !== i)
    )
      continue;
    if (label === "") delete labels[graph.ids[j]];
    else labels[graph.ids[j]] = label;
  }
  return {...state, labels};
}

export const place = (state, id, at) => ({...state, places: {...state.places, [id]: at}});
export const select = (state, id) => ({...state, selected: id});
export const setShares = (state, nodeShare, linkShare) => ({...state, nodeShare, linkShare});
export const setPath = (state, path) => ({...state, path});

/** Undo and redo of everything but what is selected. */
export class History {
  constructor(state) {
    this.past = [];
    this.state = state;
    this.future = [];
  }

  /** Steps of the same `merge` name follow each other as one, such as those of a slider. */
  push(state, merge = "") {
    if (!merge || merge !== this.merge) this.past.push(this.state);
    this.merge = merge;
    this.future = [];
    this.state = state;
  }
  /** Without a step to undo. */
  replace(state) {
    this.state = state;
    this.merge = "";
  }
  undo() {
    return this.move(this.past, this.future);
  }
  redo() {
    return this.move(this.future, this.past);
  }
  move(from, to) {
    if (from.length === 0) return false;
    to.push(this.state);
    const {selected} = this.state;
    this.state = from.pop();
    const there = isGroup(this.state, selected) || !/^g\d+$/.test(selected);
    this.state = {...this.state, selected: there ? selected : ""};
    this.merge = "";
    return true;
  }
}
