"""The part of a graph that pruning kept."""

from functools import cached_property
from pathlib import Path as FilePath

import numpy as np

from circuit import _graph
from circuit._optional import need


class Pruned:
    """Which nodes and edges of ``graph`` were kept; numbers of nodes are those of the graph.

    In a notebook it shows itself as its picture.
    """

    def __init__(self, graph, core):
        self.graph = graph
        self._core = core

    def __len__(self):
        return self._core.kept_nodes

    def __repr__(self):
        return (
            f"<circuit.Pruned: {self._core.kept_nodes} of {len(self.graph)} nodes, "
            f"{self._core.kept_edges} of {self.graph.n_edges} edges>"
        )

    @property
    def node_mask(self):
        """Which nodes were kept, bool [nodes]; a view."""
        return self._core.node_mask

    @property
    def edge_mask(self):
        """Which edges were kept, bool, in the order of ``graph.edges.data``; a view."""
        return self._core.edge_mask

    @property
    def cumulative_influence(self):
        """The smallest node threshold at which each node would be kept, float32 [nodes]; a view."""
        return self._core.cumulative_influence

    @property
    def n_edges(self):
        return self._core.kept_edges

    @cached_property
    def indices(self):
        """The numbers of the kept nodes, ascending."""
        return np.flatnonzero(self.node_mask)

    @property
    def nodes(self):
        """The rows of ``graph.nodes`` that were kept, in the order of ``indices``."""
        return self.graph.nodes[self.indices]

    @cached_property
    def edges(self):
        """Kept edges as scipy.sparse.csr_matrix [nodes, nodes] of the whole graph's numbers."""
        offsets, columns, weights = self.graph.edge_arrays
        before = np.concatenate([[0], np.cumsum(self.edge_mask)])
        return self.graph._csr(
            weights[self.edge_mask], columns[self.edge_mask], before[offsets]
        )

    def scores(self):
        """Scores of the subgraph of kept nodes; None where undefined."""
        if self.graph.is_compact:
            return _graph.Scores()
        return _graph.scores_of_nodes(self.graph._core, self.node_mask)

    def compact(self):
        """A graph that holds only what was kept; influence and scores of it mean nothing."""
        from circuit.graph import Graph

        return Graph(
            _graph.compact(self.graph._core, self._core), seconds=self.graph.seconds
        )

    def paths(
        self, target=None, count=10, *, by="share", sign="any", source=None, through=None
    ):
        """The ``count`` strongest paths of kept edges from tokens to a node, strongest first.

        target: number of a feature or target; by default the first target.
        by: "share" (product of the shares of the edges) or "weight" (what of the target's value
        flows along it, by magnitude). sign: of the weight, "any", "positive", "negative".
        source: only from this token node. through: only by this feature node.

        Each has ``nodes`` (the token first), ``share`` and ``weight``.
        """
        core = self.graph._core
        target = core.first_target if target is None else target
        return _graph.paths(core, self._core, target, count, by, sign, source, through)

    def to_networkx(self):
        """A networkx.DiGraph; see ``Graph.to_networkx``."""
        networkx = need("networkx", "to_networkx")
        graph, digraph = self.graph, networkx.DiGraph()
        ids = {int(i): graph.node_id(int(i)) for i in self.indices}
        labels = graph.labels
        for i, node_id in ids.items():
            digraph.add_node(node_id, **self._attributes(i, labels))
        kept = self.edges.tocoo()
        sums = np.zeros(len(graph))
        np.add.at(sums, kept.row, np.abs(kept.data))
        for row, column, weight in zip(kept.row, kept.col, kept.data):
            share = float(abs(weight) / sums[row]) if sums[row] > 0 else 0.0
            digraph.add_edge(ids[int(column)], ids[int(row)], weight=float(weight), share=share)
        return digraph

    def _attributes(self, i, labels):
        row = self.graph.nodes[i]
        kind = str(row["kind"])
        attributes = {"index": i, "kind": kind}
        attributes.update((name, int(row[name])) for name in ("layer", "position", "feature"))
        attributes["label"] = labels.get((attributes["layer"], attributes["feature"]), "")
        if kind == "feature":
            attributes["activation"] = float(row["activation"])
        else:
            attributes["label"] = self.graph.describe(i)
        if kind == "target":
            attributes["weight"] = float(row["weight"])
        else:
            attributes["influence"] = float(self.cumulative_influence[i])
        return attributes

    def export(self, path, *, title="", max_edges=1000, supernodes=None):
        """Writes ``FOLDER/NAME.FORMAT``: json (for viewers), svg, png, pdf, dot, graphml or html, by
        the ending. Returns the path.

        title: heading; by default the prompt. max_edges: that pictures show, 0 = all.
        supernodes: groups to draw as one, {name: [node ids]}.
        """
        return _graph.export(
            FilePath(path), *self._shown(), title, max_edges, self._groups(supernodes)
        )

    def svg(self, *, title="", max_edges=1000, supernodes=None):
        """The picture as SVG text."""
        return _graph.svg(*self._shown(), title, max_edges, self._groups(supernodes))

    def _shown(self):
        return self.graph._core, self._core, self.graph.scores()

    def _groups(self, supernodes):
        groups = {}
        for name, ids in (supernodes or {}).items():
            found = {node for node_id in ids for node in self.graph.find(node_id)}
            groups[name] = sorted(node for node in found if self.node_mask[node])
        return groups

    def _repr_svg_(self):
        return self.svg()
