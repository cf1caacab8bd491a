"""A whole attribution graph as numpy, scipy and networkx see it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from os import PathLike
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any

import numpy as np

from circuit import _graph
from circuit._arguments import count
from circuit._optional import need
from circuit.pruned import Pruned

if TYPE_CHECKING:
    import networkx
    import scipy.sparse
    from numpy.typing import ArrayLike, NDArray

_KINDS = np.array(["feature", "error", "token", "target"])


def load_graph(path: str | PathLike[str]) -> Graph:
    """Reads a graph: ``NAME.graph.safetensors``, or a viewer's ``NAME.json``, which holds only what
    pruning kept.

    Needs no model. A pruning that the file holds is ``graph.stored_pruning``; what a viewer's file
    had and a graph cannot hold is in ``graph.warnings``.
    """
    core, pruned, scores, warnings = _graph.open(FilePath(path))
    stored = scores if scores.replacement is not None or scores.completeness is not None else None
    return Graph(core, pruning=pruned, scores=stored, warnings=warnings)


class Graph:
    """An attribution graph: which features, errors and tokens drive which features and outputs.

    Nodes are numbered: selected features (by layer, position, feature), errors (layer-major),
    tokens, targets. It never changes. ``active_features``, ``activations``, ``selected_features``
    and the arrays of edges are read-only views on its own memory, which they keep alive.

    Made by ``Model.trace`` and ``load_graph``.
    """

    def __init__(
        self,
        core: _graph.AttributionGraph,
        *,
        pruning: _graph.PrunedGraph | None = None,
        scores: _graph.Scores | None = None,
        seconds: dict[str, float] | None = None,
        warnings: Sequence[str] = (),
    ) -> None:
        self._core = core
        self._scores = scores
        self.seconds = dict(seconds or {})  #: of the stages of its trace
        self.warnings = list(warnings)
        #: The pruning that its file held, or None.
        self.stored_pruning = Pruned(self, pruning) if pruning is not None else None

    def __len__(self) -> int:
        return self._core.n_nodes

    def __repr__(self) -> str:
        text = self.provenance.prompt or "".join(self.tokens)
        return f"<circuit.Graph {text!r}: {len(self)} nodes, {self.n_edges} edges>"

    # What it is of.

    @property
    def tokens(self) -> list[str]:
        """The prompt's tokens, as text."""
        return self._core.tokens

    @property
    def input_ids(self) -> list[int]:
        """The prompt's token ids."""
        return self._core.input_ids

    @property
    def targets(self) -> list[_graph.Target]:
        """The outputs that it explains: ``label``, ``token_id``, ``weight``."""
        return self._core.targets

    @property
    def provenance(self) -> _graph.Provenance:
        """Prompt, model, transcoders, settings and names of features."""
        return self._core.provenance

    @property
    def labels(self) -> dict[tuple[int, int], str]:
        """Names of features: {(layer, feature): text}."""
        named = self.provenance.feature_labels
        return {feature: label.text for feature, label in named.items()}

    @property
    def closure_error(self) -> float | None:
        """The largest relative gap between what edges and biases add up to and what the model
        computed; None when the graph does not say."""
        return self._core.closure_error

    @property
    def n_layers(self) -> int:
        """Of the model."""
        return self._core.n_layers

    @property
    def n_edges(self) -> int:
        """How many direct effects are stored."""
        return len(self._core.weights)

    # Nodes.

    @property
    def active_features(self) -> NDArray[np.void]:
        """All features that fired, a structured array (layer, position, feature)."""
        return self._core.active_features

    @property
    def activations(self) -> NDArray[np.float32]:
        """How strongly each active feature fired, float32."""
        return self._core.activations

    @property
    def selected_features(self) -> NDArray[np.int32]:
        """Which active features are nodes: node i is active feature ``selected_features[i]``."""
        return self._core.selected_features

    @cached_property
    def nodes(self) -> NDArray[np.void]:
        """A table of all nodes, a structured array: ``kind`` (feature, error, token, target),
        ``layer`` (-1 of tokens, the number of layers of targets), ``position``, ``feature`` (of
        tokens and targets the token id, of errors -1), ``activation`` (of features), ``weight`` (of
        targets).

        >>> import pandas; pandas.DataFrame(graph.nodes)
        """
        rows = self._core.node_table()
        names = ("layer", "position", "feature", "activation", "weight")
        types = {"kind": "U7", **{name: rows.dtype[name].str for name in names}}
        table = np.empty(len(rows), dtype=list(types.items()))
        table["kind"] = _KINDS[rows["kind"]]
        for name in names:
            table[name] = rows[name]
        table.setflags(write=False)
        return table

    def node_id(self, node: int) -> str:
        """The id of node number ``node`` in viewer files, LAYER_FEATURE_POSITION: ``4_436_5``."""
        return _graph.node_id(self._core, node)

    def describe(self, node: int) -> str:
        """Node number ``node`` in one line: ``L4/436 at 5: grand``."""
        return _graph.describe(self._core, node)

    def find(self, node_id: str) -> list[int]:
        """The numbers of the nodes that an id names: ``4_436_5``; ``4_436_*`` at any position;
        ``3_-1_5`` an error; ``E_2778_4`` a token. Empty when there is none."""
        return _graph.find(self._core, node_id)

    def node(self, node_id: str) -> int:
        """The number of the one node that an id names; KeyError when there is none or several."""
        found = self.find(node_id)
        if len(found) != 1:
            raise KeyError(f"[node] {node_id!r} names {len(found)} nodes, expected one")
        return found[0]

    # Edges.

    @cached_property
    def edges(self) -> scipy.sparse.csr_matrix:
        """Direct effects as scipy.sparse.csr_matrix [nodes, nodes]: row = what is driven, column =
        what drives it. ``data`` and ``indices`` are the graph's own memory, read-only.
        """
        return self._csr(self._core.weights, self._core.columns, self._core.row_offsets)

    def _csr(
        self, weights: ArrayLike, columns: ArrayLike, offsets: ArrayLike
    ) -> scipy.sparse.csr_matrix:
        sparse = need("scipy.sparse", "edges")
        n = len(self)
        return sparse.csr_matrix((weights, columns, offsets), shape=(n, n), copy=False)

    @property
    def edge_arrays(self) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32]]:
        """(row_offsets int64, columns int32, weights float32) of the compressed rows, views."""
        return self._core.row_offsets, self._core.columns, self._core.weights

    # What follows from it.

    def influence(self) -> NDArray[np.float64]:
        """How much of the targets' probability flows through each node, float64 [nodes]."""
        return _graph.influence(self._core)

    def scores(self, nodes: ArrayLike | None = None) -> _graph.Scores:
        """``replacement`` and ``completeness`` of the whole graph, or of the subgraph of ``nodes``
        (numbers or a mask): edges of the others then count as edges of errors. None where
        undefined, as for graphs that hold only what pruning kept.
        """
        if nodes is None:
            if self._scores is None:
                self._scores = _graph.Scores() if self.is_compact else _graph.scores(self._core)
            return self._scores
        return _graph.scores_of_nodes(self._core, self._mask(nodes))

    @property
    def is_compact(self) -> bool:
        """Whether it holds only what pruning kept."""
        return self._core.is_compact

    def _mask(self, nodes: ArrayLike) -> NDArray[np.bool_]:
        nodes = np.asarray(nodes)
        if nodes.dtype == bool:
            return nodes
        mask = np.zeros(len(self), dtype=bool)
        mask[nodes] = True
        return mask

    def prune(
        self,
        node_threshold: float = 0.8,
        edge_threshold: float = 0.98,
        *,
        keep_errors: bool = False,
        max_nodes: int = 0,
        edge_rule: str = "whole-graph",
    ) -> Pruned:
        """The part that carries most of the influence, a ``Pruned``.

        node_threshold: share of all influence that kept nodes cover, 0 to 1.
        edge_threshold: share of all edge scores that kept edges cover, 0 to 1.
        keep_errors: cut no error for its small influence.
        max_nodes: above 0, so many features and errors at most in place of a share.
        edge_rule: "whole-graph", or "per-target" for a share of each node's own input.
        """
        return Pruned(
            self,
            _graph.prune(
                self._core,
                node_threshold,
                edge_threshold,
                keep_errors,
                count("max_nodes", max_nodes),
                edge_rule,
            ),
        )

    def _pruning(self, pruned: bool | Pruned) -> Pruned:
        """True: the stored pruning or the default one; False: all kept; or a Pruned."""
        if isinstance(pruned, Pruned):
            if pruned.graph._core is not self._core:
                raise ValueError("[prune] the pruning is of another graph, expected one of this")
            return pruned
        if not pruned:
            return Pruned(self, _graph.keep_all(self._core))
        return self.prune() if self.stored_pruning is None else self.stored_pruning

    def to_networkx(self, pruned: bool | Pruned = True) -> networkx.DiGraph:
        """A networkx.DiGraph, keyed by node ids. ``pruned``: True for the pruning that its file
        held, else the default one; False for everything; or a ``Pruned``.

        Nodes have index, kind, layer, position, feature, influence (cumulative), label, and
        activation or weight; edges, from what drives to what is driven, weight and share.
        """
        return self._pruning(pruned).to_networkx()

    def paths(
        self, target: int | None = None, count: int = 10, **options: Any
    ) -> list[_graph.Path]:
        """The strongest paths of the default pruning; see ``Pruned.paths``."""
        return self._pruning(True).paths(target, count, **options)

    # Files.

    def save(self, path: str | PathLike[str]) -> None:
        """Writes a graph file, by custom ``NAME.graph.safetensors``; ``load_graph`` reads it."""
        pruning = None if self.stored_pruning is None else self.stored_pruning._core
        _graph.save(FilePath(path), self._core, pruning, self.scores())

    def export(
        self, path: str | PathLike[str], pruned: bool | Pruned = True, **options: Any
    ) -> FilePath:
        """Writes a picture, page or graph of other tools; see ``Pruned.export``."""
        return self._pruning(pruned).export(path, **options)
