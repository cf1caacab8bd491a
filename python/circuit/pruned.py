"""The part of a graph that pruning kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from os import PathLike
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any

import numpy as np

from circuit import _graph
from circuit._arguments import count as _count
from circuit._optional import need

if TYPE_CHECKING:
    import networkx
    import scipy.sparse
    from numpy.typing import NDArray

    from circuit.graph import Graph


class Pruned:
    """Which nodes and edges of ``graph`` were kept; numbers of nodes are those of the graph.

    In a notebook it shows itself as its picture.
    """

    def __init__(self, graph: Graph, core: _graph.PrunedGraph) -> None:
        self.graph = graph
        self._core = core

    def __len__(self) -> int:
        return self._core.kept_nodes

    def __repr__(self) -> str:
        return (
            f"<circuit.Pruned: {self._core.kept_nodes} of {len(self.graph)} nodes, "
            f"{self._core.kept_edges} of {self.graph.n_edges} edges>"
        )

    @property
    def node_mask(self) -> NDArray[np.bool_]:
        """Which nodes were kept, bool [nodes]; a view."""
        return self._core.node_mask

    @property
    def edge_mask(self) -> NDArray[np.bool_]:
        """Which edges were kept, bool, in the order of ``graph.edges.data``; a view."""
        return self._core.edge_mask

    @property
    def cumulative_influence(self) -> NDArray[np.float32]:
        """The smallest node threshold at which each node would be kept, float32 [nodes]; a view."""
        return self._core.cumulative_influence

    @property
    def n_edges(self) -> int:
        """How many edges were kept."""
        return self._core.kept_edges

    @cached_property
    def indices(self) -> NDArray[np.intp]:
        """The numbers of the kept nodes, ascending."""
        return np.flatnonzero(self.node_mask)

    @property
    def nodes(self) -> NDArray[np.void]:
        """The rows of ``graph.nodes`` that were kept, in the order of ``indices``."""
        return self.graph.nodes[self.indices]

    @cached_property
    def edges(self) -> scipy.sparse.csr_matrix:
        """Kept edges as scipy.sparse.csr_matrix [nodes, nodes] of the whole graph's numbers."""
        offsets, columns, weights = self.graph.edge_arrays
        before = np.concatenate([[0], np.cumsum(self.edge_mask)])
        return self.graph._csr(weights[self.edge_mask], columns[self.edge_mask], before[offsets])

    def scores(self) -> _graph.Scores:
        """Scores of the subgraph of kept nodes; None where undefined."""
        if self.graph.is_compact:
            return _graph.Scores()
        return _graph.scores_of_nodes(self.graph._core, self.node_mask)

    def compact(self) -> Graph:
        """A graph that holds only what was kept; influence and scores of it mean nothing."""
        from circuit.graph import Graph

        return Graph(_graph.compact(self.graph._core, self._core), seconds=self.graph.seconds)

    def paths(
        self,
        target: int | None = None,
        count: int = 10,
        *,
        by: str = "share",
        sign: str = "any",
        source: int | None = None,
        through: int | None = None,
    ) -> list[_graph.Path]:
        """The ``count`` strongest paths of kept edges from tokens to a node, strongest first.

        target: number of a feature or target; by default the first target.
        by: "share" (product of the shares of the edges) or "weight" (what of the target's value
        flows along it, by magnitude). sign: of the weight, "any", "positive", "negative".
        source: only from this token node. through: only by this feature node.

        Each has ``nodes`` (the token first), ``share`` and ``weight``.
        """
        core = self.graph._core
        target = core.first_target if target is None else target
        return _graph.paths(
            core, self._core, target, _count("count", count), by, sign, source, through
        )

    def to_networkx(self) -> networkx.DiGraph:
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

    def _attributes(self, i: int, labels: Mapping[tuple[int, int], str]) -> dict[str, Any]:
        row = self.graph.nodes[i]
        kind = str(row["kind"])
        attributes: dict[str, Any] = {"index": i, "kind": kind}
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

    def export(
        self,
        path: str | PathLike[str],
        *,
        title: str = "",
        max_edges: int = 1000,
        supernodes: Mapping[str, Iterable[str]] | None = None,
    ) -> FilePath:
        """Writes ``FOLDER/NAME.FORMAT``: json (for viewers), svg, png, pdf, dot, graphml or html,
        by the ending. Returns the path.

        title: heading; by default the prompt. max_edges: that pictures show, 0 = all.
        supernodes: groups to draw as one, {name: [node ids]}.
        """
        return FilePath(
            _graph.export(
                FilePath(path), *self._shown(), title, max_edges, self._groups(supernodes)
            )
        )

    def svg(
        self,
        *,
        title: str = "",
        max_edges: int = 1000,
        supernodes: Mapping[str, Iterable[str]] | None = None,
    ) -> str:
        """The picture as SVG text."""
        return _graph.svg(*self._shown(), title, max_edges, self._groups(supernodes))

    def _shown(self) -> tuple[_graph.AttributionGraph, _graph.PrunedGraph, _graph.Scores]:
        return self.graph._core, self._core, self.graph.scores()

    def _groups(self, supernodes: Mapping[str, Iterable[str]] | None) -> dict[str, list[int]]:
        groups = {}
        for name, ids in (supernodes or {}).items():
            found = {node for node_id in ids for node in self.graph.find(node_id)}
            groups[name] = sorted(node for node in found if self.node_mask[node])
        return groups

    def _repr_svg_(self) -> str:
        return self.svg()
