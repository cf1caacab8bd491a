"""Graphs as networkx sees them."""

import sys

import numpy as np
import pytest


def test_the_digraph_has_kept_nodes_and_edges(graph):
    kept = graph.prune()
    digraph = graph.to_networkx()
    assert digraph.number_of_nodes() == len(kept)
    assert digraph.number_of_edges() == kept.n_edges
    coo = kept.edges.tocoo()
    for row, column, weight in zip(coo.row, coo.col, coo.data):
        edge = digraph.edges[graph.node_id(int(column)), graph.node_id(int(row))]
        assert edge["weight"] == weight


def test_shares_into_a_node_add_up_to_one(graph):
    digraph = graph.to_networkx()
    for node in digraph:
        shares = [digraph.edges[edge]["share"] for edge in digraph.in_edges(node)]
        assert not shares or sum(shares) == pytest.approx(1, abs=1e-6)


def test_nodes_carry_what_they_are(graph):
    digraph = graph.to_networkx()
    target = digraph.nodes[graph.node_id(len(graph) - 1)]
    assert target["kind"] == "target"
    assert target["weight"] == graph.targets[0].weight
    for attributes in digraph.nodes.values():
        row = graph.nodes[attributes["index"]]
        assert attributes["kind"] == row["kind"]
        assert (attributes["layer"], attributes["position"]) == (row["layer"], row["position"])
        if row["kind"] == "feature":
            assert attributes["activation"] == row["activation"]
            assert attributes["label"] == graph.labels[row["layer"], row["feature"]]


def test_everything_is_there_without_pruning(graph):
    digraph = graph.to_networkx(pruned=False)
    assert digraph.number_of_nodes() == len(graph)
    assert digraph.number_of_edges() == graph.n_edges


def test_it_is_acyclic(graph):
    import networkx

    assert networkx.is_directed_acyclic_graph(graph.to_networkx())


@pytest.mark.parametrize(
    ("library", "call"),
    [
        ("networkx", lambda graph: graph.to_networkx()),
        ("scipy", lambda graph: graph.prune().edges),
    ],
)
def test_a_missing_library_is_named(graph, monkeypatch, library, call):
    for name in list(sys.modules):
        if name.partition(".")[0] == library:
            monkeypatch.delitem(sys.modules, name)

    class Hidden:
        @staticmethod
        def find_spec(name, path=None, target=None):
            if name.partition(".")[0] == library:
                raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr(sys, "meta_path", [Hidden, *sys.meta_path])
    with pytest.raises(ImportError, match=f"{library} is not installed, expected .* pip install"):
        call(graph)
    assert np.isfinite(graph.influence()).all()  # needs neither
