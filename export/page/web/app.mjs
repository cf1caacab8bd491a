// Puts the page together: one state, a model derived from it, panels that show the model, actions
// that change the state.
import {addressOf, savedFromAddress} from "./core/address.mjs";
import {decodeBase64, describeNode, openGraph} from "./core/graph.mjs";
import {
  History,
  group,
  isGroup,
  pin,
  place,
  relabel,
  rename,
  select,
  setPath,
  setShares,
  stateFrom,
  ungroup,
  unpin,
} from "./core/state.mjs";
import {ComparePanel} from "./view/compare_panel.mjs";
import {Controls} from "./view/controls.mjs";
import {announce, byId} from "./view/dom.mjs";
import {openFile, savePage, saveState} from "./view/files.mjs";
import {listenToKeys} from "./view/keys.mjs";
import {LinkGraph} from "./view/link_graph.mjs";
import {deriveModel} from "./view/model.mjs";
import {NodePanel} from "./view/node_panel.mjs";
import {PathPanel} from "./view/path_panel.mjs";
import {downloadPng, downloadSvg, linkGraphPicture, subgraphPicture} from "./view/pictures.mjs";
import {PinsPanel} from "./view/pins_panel.mjs";
import {ScorePanel} from "./view/score_panel.mjs";
import {SearchBox} from "./view/search_box.mjs";
import {Subgraph} from "./view/subgraph.mjs";
import {Tabs} from "./view/tabs.mjs";
import {readTheme} from "./view/theme.mjs";

class App {
  constructor(pristine) {
    this.pristine = pristine;
    const json = (id) => JSON.parse(byId(id).textContent);
    const head = json("graph-head"),
      graph = openGraph(head, decodeBase64(byId("graph-columns").textContent));
    const otherHead = json("compare-head");
    const other =
      otherHead && openGraph(otherHead, decodeBase64(byId("compare-columns").textContent));
    this.page = {graph, cards: json("cards"), theme: readTheme(), other, ends: [-1, -1], found: []};
    this.initial = stateFrom(graph, json("saved-state"));
    this.history = new History(this.stateOfAddress());
    this.actions = this.makeActions();
    this.tabs = new Tabs(byId("tabs"));
    this.linkGraph = new LinkGraph(this.actions);
    this.subgraph = new Subgraph(this.actions);
    this.nodePanel = new NodePanel(this.actions);
    this.panels = [
      this.linkGraph,
      this.subgraph,
      this.nodePanel,
      new ScorePanel(this.actions),
      new PinsPanel(this.actions),
      new PathPanel(this.actions),
      new ComparePanel(this.actions),
      new Controls(this.actions),
      new SearchBox(this.actions),
    ];
    byId("title").textContent = head.title;
    byId("about").textContent = [head.model, head.transcoders].filter(Boolean).join(" · ");
    this.listen();
    this.changed();
  }

  stateOfAddress() {
    return stateFrom(this.page.graph, savedFromAddress(location.hash, this.initial));
  }

  /** A step that can be undone. */
  commit(state, merge = "") {
    if (state === this.history.state) return;
    this.history.push(state, merge);
    this.changed();
  }

  changed() {
    const {state, past, future} = this.history;
    if (state.path) this.page.ends = state.path.map((id) => this.page.graph.index.get(id));
    else if (this.model?.state.path) this.page.ends = [-1, -1];
    this.model = deriveModel(this.page, state, this.model);
    for (const panel of this.panels) panel.update(this.model);
    byId("undo").disabled = past.length === 0;
    byId("redo").disabled = future.length === 0;
    clearTimeout(this.addressDue);
    this.addressDue = setTimeout(() => this.writeAddress(), 150);
  }

  writeAddress() {
    const address = addressOf(this.history.state, this.initial);
    try {
      history.replaceState(null, "", address ? `#${address}` : location.pathname + location.search);
    } catch {
      /* some hosts forbid it; the state is only not in the address then */
    }
  }

  makeActions() {
    const {graph} = this.page,
      state = () => this.history.state;
    const pinned = (id) => isGroup(state(), id) || state().pins.includes(id);
    return {
      select: (id) => {
        if (id === state().selected) return;
        this.history.replace(select(state(), id));
        this.changed();
        if (id) this.tabs.open("tab-node");
        if (id)
          announce(
            isGroup(state(), id)
              ? `group ${state().groups.find((g) => g.id === id).name}`
              : describeNode(graph, graph.index.get(id), state().labels),
          );
      },
      togglePin: (ids) => this.commit(ids.every(pinned) ? unpin(state(), ids) : pin(state(), ids)),
      unpin: (ids) => {
        if (ids.length > 0) this.commit(unpin(state(), ids));
      },
      pinTop: (count) => this.commit(pin(state(), topNodes(graph, this.model.shown, count))),
      pinPath: () =>
        this.commit(
          pin(
            state(),
            this.model.path.nodes.map((i) => graph.ids[i]),
          ),
        ),
      group: (ids, name = "") => {
        this.commit(group(state(), ids, name));
        this.tabs.open("tab-node");
        byId("label-input").focus();
      },
      ungroup: (id) => this.commit(ungroup(state(), id)),
      rename: (id, name) => {
        if (state().groups.find((g) => g.id === id).name !== name)
          this.commit(rename(state(), id, name));
      },
      relabel: (id, text) => {
        if ((state().labels[id] ?? "") !== text) this.commit(relabel(state(), graph, id, text));
      },
      place: (id, at, merge = "") => this.commit(place(state(), id, at), merge && `${merge} ${id}`),
      setShares: (node, link) => this.commit(setShares(state(), node, link), "shares"),
      setPath: (path) => {
        this.page.ends = [-1, -1];
        this.commit(setPath(state(), path));
      },
      pathEnd: (which, node) => this.pathEnd(which, node),
      hover: (node) => this.linkGraph.hover(node),
      reveal: (node) => this.linkGraph.reveal(node),
      showLink: (e) => {
        this.tabs.open("tab-node");
        this.nodePanel.showLink(e);
      },
      mark: (nodes) => {
        this.page.found = nodes;
        this.linkGraph.mark(nodes);
      },
      compareWith: (other) => {
        this.page.other = other;
        this.changed();
        if (other) this.tabs.open("tab-compare");
      },
      undo: () => this.travel(this.history.undo(), "undone"),
      redo: () => this.travel(this.history.redo(), "done again"),
    };
  }

  travel(moved, word) {
    announce(moved ? word : "nothing to do");
    if (moved) this.changed();
  }

  pathEnd(which, node) {
    if (node < 0) return;
    const {ids} = this.page.graph,
      ends = [...this.page.ends];
    ends[which] = node;
    this.page.ends = ends;
    this.tabs.open("tab-path");
    if (ends[0] >= 0 && ends[1] >= 0)
      this.commit(
        setPath(
          this.history.state,
          ends.map((i) => ids[i]),
        ),
      );
    else this.changed();
  }

  listen() {
    const click = (id, action) =>
      byId(id).addEventListener("click", () => {
        action();
        byId("menu").open = false;
      });
    const name = () => this.fileName();
    click("undo", this.actions.undo);
    click("redo", this.actions.redo);
    click("save-page", () => savePage(this.pristine, name(), this.history.state, this.page.other));
    click("save-state", () => saveState(name(), this.history.state));
    click("open-file", () => byId("file-input").click());
    click("links-svg", () =>
      downloadSvg(
        `${name()}-links`,
        this.page.graph.head.title,
        linkGraphPicture(this.linkGraph, this.model),
      ),
    );
    click("links-png", () =>
      downloadPng(`${name()}-links`, linkGraphPicture(this.linkGraph, this.model)),
    );
    click("subgraph-svg", () =>
      this.withPins(() =>
        downloadSvg(
          `${name()}-subgraph`,
          this.page.graph.head.title,
          subgraphPicture(this.subgraph, this.model),
        ),
      ),
    );
    click("subgraph-png", () =>
      this.withPins(() =>
        downloadPng(`${name()}-subgraph`, subgraphPicture(this.subgraph, this.model)),
      ),
    );
    click("help-button", () => byId("help").showModal());
    byId("file-input").addEventListener("change", (event) => this.open(event.target.files[0]));
    document.addEventListener("dragover", (event) => event.preventDefault());
    document.addEventListener("drop", (event) => {
      event.preventDefault();
      this.open(event.dataTransfer.files[0]);
    });
    window.addEventListener("hashchange", () => this.commit(this.stateOfAddress()));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      this.page.theme = readTheme();
      this.changed();
    });
    listenToKeys(this);
  }

  fileName() {
    const name = this.page.graph.head.title
      .replace(/[^A-Za-z0-9_.-]+/g, "-")
      .replace(/^[-.]+|-+$/g, "");
    return name.slice(0, 60) || "graph";
  }

  withPins(action) {
    if (this.model.boxes.length > 0) action();
    else announce("Nothing is pinned.");
  }

  async open(file) {
    if (!file) return;
    byId("file-input").value = "";
    try {
      const {saved, graph} = openFile(await file.text());
      if (saved) this.commit(stateFrom(this.page.graph, saved));
      else this.actions.compareWith(graph);
      byId("problem").hidden = true;
    } catch (error) {
      byId("problem").hidden = false;
      byId("problem").textContent = `${file.name}: ${error.message}`;
    }
  }
}

/** The most influential shown features, and all outputs. */
function topNodes(graph, shown, count) {
  const nodes = [...graph.kind.keys()].filter((i) => shown.nodes[i]);
  const features = nodes
    .filter((i) => graph.kind[i] === 0)
    .sort((a, b) => graph.influence[b] - graph.influence[a] || a - b);
  return [...features.slice(0, count), ...nodes.filter((i) => graph.kind[i] === 3)]
    .sort((a, b) => a - b)
    .map((i) => graph.ids[i]);
}

// Before anything is changed: what `savePage` writes.
const pristine = document.documentElement.cloneNode(true);
try {
  window.circuitPage = new App(pristine);
} catch (error) {
  byId("problem").hidden = false;
  byId("problem").textContent = `This page cannot be shown: ${error.message}`;
  throw error;
}
