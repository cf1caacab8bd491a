"""Pruning, scores, influence and paths, beside the program's and slow ones in numpy."""

import json

import circuit
import numpy as np
import pytest


def slow_influence(graph):
    """w (M + M² + …) in float64, rows of M the shares of magnitudes."""
    shares = np.abs(graph.edges.toarray().astype(np.float64))
    shares /= np.maximum(shares.sum(axis=1, keepdims=True), 1e-10)
    flow = graph.nodes["weight"].copy()
    total = np.zeros(len(graph))
    while flow.any():
        flow = flow @ shares
        total += flow
    return total


def test_influence_is_the_sum_over_all_path_lengths(graph):
    expected = slow_influence(graph)
    # Both in double; only the order of sums differs.
    np.testing.assert_allclose(graph.influence(), expected, rtol=1e-10, atol=1e-14)


def test_pruning_keeps_what_the_program_keeps(graph, traced):
    report, folder = traced
    kept = graph.prune()
    assert len(kept) == report["nodes"] == kept.node_mask.sum()
    assert kept.n_edges == report["edges"] == kept.edge_mask.sum()
    viewer = json.loads((folder / "petit.json").read_text())
    assert {graph.node_id(int(i)) for i in kept.indices} == {
        node["node_id"] for node in viewer["nodes"]
    }


def test_nodes_are_kept_in_the_order_of_influence(graph):
    influence = graph.influence()
    order = np.argsort(-influence, kind="stable")
    shares = np.cumsum(influence[order]) / influence.sum()
    kept = graph.prune(node_threshold=0.5, edge_threshold=1.0)
    features = order[shares <= 0.5]
    assert set(kept.indices) >= {i for i in features if graph.nodes[i]["kind"] == "feature"}
    np.testing.assert_allclose(kept.cumulative_influence[order], shares, atol=1e-6)


def test_masks_lie_in_the_pruning_itself(graph):
    kept = graph.prune()
    for get in (lambda: kept.node_mask, lambda: kept.edge_mask, lambda: kept.cumulative_influence):
        assert get().__array_interface__["data"] == get().__array_interface__["data"]
        assert not get().flags.owndata
        assert not get().flags.writeable
    assert kept.node_mask.dtype == bool


def test_kept_edges_are_the_graphs_under_the_mask(graph):
    kept = graph.prune()
    rows = np.repeat(np.arange(len(graph)), np.diff(graph.edge_arrays[0]))
    expected = np.zeros((len(graph), len(graph)), dtype=np.float32)
    offsets, columns, weights = graph.edge_arrays
    expected[rows[kept.edge_mask], columns[kept.edge_mask]] = weights[kept.edge_mask]
    assert np.array_equal(kept.edges.toarray(), expected)


def test_options_of_pruning_count(graph):
    assert len(graph.prune(0.5)) < len(graph.prune(0.8)) < len(graph.prune(1.0))
    assert len(graph.prune(keep_errors=True)) > len(graph.prune())
    few = graph.prune(max_nodes=5)
    assert np.isin(few.nodes["kind"], ["feature", "error"]).sum() <= 5
    per_target = graph.prune(edge_rule="per-target")
    assert not np.array_equal(per_target.edge_mask, graph.prune().edge_mask)


def test_wrong_options_of_pruning_are_value_errors(graph):
    with pytest.raises(ValueError, match=r"^\[prune\] .*expected"):
        graph.prune(node_threshold=2)
    with pytest.raises(ValueError, match=r"^\[prune\] edge_rule is 'x', expected 'whole-graph' or"):
        graph.prune(edge_rule="x")
    with pytest.raises(TypeError):
        graph.prune(node_threshold="much")


def test_scores_are_the_programs(graph, traced, tmp_path):
    report, folder = traced
    scores = graph.scores()
    assert scores.replacement == report["replacement_score"]
    assert scores.completeness == report["completeness_score"]
    path = folder / "petit.graph.safetensors"
    by_program = json.loads(circuit.run("score", path, "--json"))
    of_kept = graph.prune().scores()
    assert of_kept.replacement == pytest.approx(by_program["pruned"]["replacement_score"], abs=1e-9)
    kept = graph.prune()
    by_numbers, by_mask = graph.scores(kept.indices), graph.scores(kept.node_mask)
    assert by_numbers.completeness == by_mask.completeness == of_kept.completeness


def test_paths_are_the_programs(graph, traced):
    path = traced[1] / "petit.graph.safetensors"
    found = graph.paths(count=3)
    by_program = json.loads(circuit.run("paths", path, "--count", "3", "--json"))["paths"]
    assert [[graph.node_id(i) for i in p.nodes] for p in found] == [p["nodes"] for p in by_program]
    assert [p.share for p in found] == pytest.approx([p["share"] for p in by_program])


def test_a_path_is_the_product_of_its_edges(graph):
    kept = graph.prune()
    edges = kept.edges.toarray()
    shares = np.abs(edges) / np.maximum(np.abs(edges).sum(axis=1, keepdims=True), 1e-30)
    for path in kept.paths(count=5):
        steps = list(zip(path.nodes[1:], path.nodes))
        assert path.share == pytest.approx(np.prod([shares[step] for step in steps]), rel=1e-5)
        assert graph.nodes[path.nodes[0]]["kind"] == "token"


def test_options_of_paths_count(graph):
    kept = graph.prune()
    token = graph.node("E_2778_4")
    assert all(p.nodes[0] == token for p in kept.paths(source=token))
    assert all(p.weight > 0 for p in kept.paths(sign="positive"))
    weights = [abs(p.weight) for p in kept.paths(by="weight")]
    assert weights == sorted(weights, reverse=True)
    with pytest.raises(ValueError, match="expected 'share' or 'weight'"):
        kept.paths(by="length")


def test_the_compact_graph_has_only_kept_edges(graph):
    kept = graph.prune()
    compact = kept.compact()
    assert compact.is_compact
    assert compact.n_edges == kept.n_edges
    assert compact.scores().replacement is None
    assert kept.compact().edges.sum() == pytest.approx(kept.edges.sum())


def test_a_pruning_of_another_graph_is_refused(graph, model):
    other = model.trace("the capital of Texas is")
    with pytest.raises(ValueError, match="of another graph"):
        graph.to_networkx(other.prune())
