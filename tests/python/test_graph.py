"""A graph's arrays: the numbers of its file, on its own memory."""

import gc

import circuit
import numpy as np
import pytest


def address(array):
    return array.__array_interface__["data"][0]


def test_arrays_are_those_of_the_graph_file(graph, tensors):
    fired = graph.active_features
    assert np.array_equal(
        np.stack([fired["layer"], fired["position"], fired["feature"]], axis=1),
        tensors["active_features"],
    )
    assert np.array_equal(graph.activations, tensors["activation_values"])
    assert np.array_equal(graph.selected_features, tensors["selected_features"])
    for array, name in zip(graph.edge_arrays, ["row_offsets", "columns", "weights"]):
        assert np.array_equal(array, tensors[name])
        assert array.dtype == tensors[name].dtype
    assert graph.input_ids == tensors["input_ids"].tolist()
    assert [t.token_id for t in graph.targets] == tensors["target_token_ids"].tolist()
    assert np.float32(graph.targets[0].weight) == tensors["target_probabilities"][0]


def test_arrays_lie_in_the_graph_itself(graph):
    for get in [
        lambda: graph.active_features,
        lambda: graph.activations,
        lambda: graph.selected_features,
        lambda: graph.edge_arrays[0],
        lambda: graph.edge_arrays[1],
        lambda: graph.edge_arrays[2],
    ]:
        first, second = get(), get()
        assert address(first) == address(second)
        assert not first.flags.owndata
        assert not first.flags.writeable
        with pytest.raises(ValueError):
            first[:1] = first[:1]


def test_sparse_edges_share_their_data_and_columns(graph):
    edges = graph.edges
    assert address(edges.data) == address(graph.edge_arrays[2])
    assert address(edges.indices) == address(graph.edge_arrays[1])
    assert np.array_equal(edges.indptr, graph.edge_arrays[0])
    dense = np.zeros((len(graph), len(graph)), dtype=np.float32)
    offsets, columns, weights = graph.edge_arrays
    for row in range(len(graph)):
        for edge in range(offsets[row], offsets[row + 1]):
            dense[row, columns[edge]] = weights[edge]
    assert np.array_equal(edges.toarray(), dense)


def test_arrays_keep_their_graph_alive(traced):
    path = traced[1] / "petit.graph.safetensors"
    graph = circuit.load_graph(path)
    edges, activations = graph.edges, graph.activations
    expected = edges.copy(), activations.copy()
    del graph
    gc.collect()
    others = [circuit.load_graph(path) for _ in range(3)]  # would take freed memory
    assert (edges != expected[0]).nnz == 0
    assert np.array_equal(activations, expected[1])
    assert len(others) == 3


def test_the_table_of_nodes_is_in_node_order(graph):
    nodes = graph.nodes
    features = graph.active_features[graph.selected_features]
    n_features, n_positions = len(features), len(graph.tokens)
    assert len(nodes) == len(graph)
    assert set(nodes["kind"][:n_features]) == {"feature"}
    for field in ("layer", "position", "feature"):
        assert np.array_equal(nodes[field][:n_features], features[field])
    assert np.array_equal(
        nodes["activation"][:n_features], graph.activations[graph.selected_features]
    )
    errors = nodes[nodes["kind"] == "error"]
    assert len(errors) == graph.n_layers * n_positions
    assert np.array_equal(errors["layer"], np.repeat(np.arange(graph.n_layers), n_positions))
    tokens = nodes[nodes["kind"] == "token"]
    assert tokens["feature"].tolist() == graph.input_ids
    targets = nodes[nodes["kind"] == "target"]
    assert targets["feature"].tolist() == [t.token_id for t in graph.targets]
    assert targets["weight"].tolist() == [t.weight for t in graph.targets]


def test_nodes_are_found_by_their_ids(graph):
    for node in (0, graph._core.first_error, graph._core.first_token, len(graph) - 1):
        assert graph.find(graph.node_id(node)) == [node]
        assert graph.node(graph.node_id(node)) == node
    first = graph.nodes[0]
    anywhere = graph.find(f"{first['layer']}_{first['feature']}_*")
    assert 0 in anywhere
    assert all(graph.nodes[i]["feature"] == first["feature"] for i in anywhere)
    assert graph.find("0_99999_1") == []
    assert graph.describe(len(graph) - 1).startswith('Output " grand" (p=0.99')


def test_a_wrong_id_or_number_of_a_node_is_an_error(graph):
    with pytest.raises(ValueError, match=r"^\[find\] 'four' is no node id, expected LAYER_"):
        graph.find("four")
    with pytest.raises(KeyError, match="names 0 nodes, expected one"):
        graph.node("0_99999_1")
    with pytest.raises(IndexError, match=rf"\[node\] {len(graph)}, the graph has {len(graph)}"):
        graph.node_id(len(graph))


def test_a_saved_graph_is_the_programs_file(graph, traced, tmp_path, tensors):
    from conftest import read_safetensors

    path = tmp_path / "petit.graph.safetensors"
    graph.save(path)
    saved = read_safetensors(path)
    assert saved.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert np.array_equal(saved[name], tensor), name
    again = circuit.load_graph(path)
    assert again.tokens == graph.tokens
    assert again.labels == graph.labels
    assert again.scores().replacement == pytest.approx(traced[0]["replacement_score"], abs=1e-6)


def test_a_viewers_graph_holds_what_pruning_kept(graph, traced):
    read = circuit.load_graph(traced[1] / "petit.json")
    assert read.is_compact
    assert len(read.stored_pruning) == traced[0]["nodes"]
    kept = graph.prune()
    assert {graph.node_id(int(i)) for i in kept.indices} == {
        read.node_id(int(i)) for i in read.stored_pruning.indices
    }


def test_a_missing_or_broken_file_is_one_line(tmp_path):
    with pytest.raises(RuntimeError, match="none.graph.safetensors") as caught:
        circuit.load_graph(tmp_path / "none.graph.safetensors")
    assert "\n" not in str(caught.value)
    broken = tmp_path / "broken.graph.safetensors"
    broken.write_bytes(b"nothing of the kind")
    with pytest.raises(RuntimeError, match=r"^\[.*broken.graph.safetensors: "):
        circuit.load_graph(broken)
