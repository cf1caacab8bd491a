"""Prunes a saved graph with circuit-tracer and with `circuit`, and compares time and result.

Run by hand, it is no part of the test suite; needs circuit-tracer 0.4.1 and a built program:

  build/release/tests/bench/circuit_graph_bench --nodes 10000 --edges 20000000 --save /tmp/large.graph.safetensors
  python tests/peer/prune_graph.py --circuit build/release/circuit /tmp/large.graph.safetensors

circuit-tracer prunes a dense matrix, so a graph of n nodes takes several times 4n² bytes. Its time is
that of `prune_graph` alone; ours is the whole `circuit prune`, which also reads and writes the file.
Nodes and edges whose score lies within rounding of the threshold may differ: circuit-tracer sums in
float32.
"""

import argparse
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
import types

import torch
from circuit_tracer.graph import prune_graph
from safetensors.torch import load_file


def dense_graph(tensors):
    offsets = tensors["row_offsets"]
    n_nodes = len(offsets) - 1
    rows = torch.repeat_interleave(torch.arange(n_nodes), offsets.diff())
    matrix = torch.zeros(n_nodes, n_nodes)
    matrix[rows, tensors["columns"].long()] = tensors["weights"]
    return types.SimpleNamespace(
        adjacency_matrix=matrix,
        input_tokens=tensors["input_ids"],
        selected_features=tensors["selected_features"],
        logit_targets=tensors["target_token_ids"],
        logit_probabilities=tensors["target_probabilities"].float(),
    )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--circuit", required=True)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("graph", type=pathlib.Path)
    arguments = parser.parse_args()

    ours, theirs = [], []
    graph = dense_graph(load_file(arguments.graph))
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(arguments.repeat):
            start = time.perf_counter()
            command = [arguments.circuit, "prune", arguments.graph, "--out", folder, "--name", "p"]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            ours.append(time.perf_counter() - start)
            start = time.perf_counter()
            with torch.inference_mode():
                result = prune_graph(graph)
            theirs.append(time.perf_counter() - start)
        pruned = load_file(pathlib.Path(folder) / "p.graph.safetensors")

    nodes = pruned["node_mask"].bool()
    n_edges = int(pruned["edge_mask"].sum())
    different = int((nodes != result.node_mask).sum())
    peer_edges = int(result.edge_mask.sum())
    print(f"nodes kept: {int(nodes.sum())} and {int(result.node_mask.sum())}, {different} differ")
    print(f"edges kept: {n_edges} and {peer_edges}")
    mine, peer = statistics.median(ours), statistics.median(theirs)
    print(f"circuit {mine:.2f} s, circuit-tracer {peer:.2f} s, ratio {peer / mine:.1f}")
    sys.exit(abs(n_edges - peer_edges) > 1e-3 * n_edges or different > 1e-3 * len(nodes))


if __name__ == "__main__":
    main()
