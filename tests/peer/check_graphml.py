"""Opens GraphML files of `circuit export` in networkx and compares them with the viewer JSON of the same graph.

  python tests/peer/check_graphml.py graphs/NAME.graphml graphs/NAME.json

Needs networkx. Prints one line a pair; exits 1 when something differs.
"""

import json
import math
import sys

import networkx

KINDS = {"cross layer transcoder": "feature", "mlp reconstruction error": "error", "embedding": "token", "logit": "target"}
TYPES = {"kind": str, "layer": int, "position": int, "feature": int, "label": str, "activation": float,
         "influence": float, "probability": float}


def check(graphml, viewer):
    graph = networkx.read_graphml(graphml)
    document = json.loads(open(viewer, encoding="utf-8").read())
    assert isinstance(graph, networkx.DiGraph) and not graph.is_multigraph()
    nodes = {node["node_id"]: node for node in document["nodes"]}
    assert set(graph.nodes) == set(nodes), "other nodes"
    for name, found in graph.nodes(data=True):
        node = nodes[name]
        for key, value in found.items():
            assert key in TYPES or key == "supernode", f"{name}: unknown attribute {key}"
            assert key not in TYPES or isinstance(value, TYPES[key]), f"{name}: {key} is {value!r}"
        assert found["kind"] == KINDS[node["feature_type"]] and found["position"] == node["ctx_idx"], name
        assert found.get("activation") == node["activation"], name
        assert found.get("influence") == node["influence"], name
        if found["kind"] == "target":
            assert found["probability"] == node["token_prob"], name
    weights = {(link["source"], link["target"]): link["weight"] for link in document["links"]}
    heads = {(link["source"], link["target"]): link.get("heads", []) for link in document["links"]}
    assert set(graph.edges) == set(weights), "other edges"
    for source, target, found in graph.edges(data=True):
        assert found["weight"] == weights[source, target], (source, target)
        assert found.keys() <= {"weight", "share", "head", "head_weight"}, (source, target)
        by_head = [part for part in heads[source, target] if part[0] not in ("residual", "others")]
        strongest = max(by_head, key=lambda part: abs(part[1]), default=[None, None])
        assert [found.get("head"), found.get("head_weight")] == strongest, (source, target)
    for name in graph.nodes:
        shares = [found["share"] for _, _, found in graph.in_edges(name, data=True)]
        assert not shares or math.isclose(sum(shares), 1, rel_tol=1e-9), name
    assert networkx.is_directed_acyclic_graph(graph), "cyclic"
    print(f"{graphml}: {graph.number_of_nodes()} nodes, {graph.number_of_edges()} edges, as in {viewer}")


if __name__ == "__main__":
    if len(sys.argv) < 3 or len(sys.argv) % 2 == 0:
        sys.exit(__doc__)
    try:
        for pair in zip(sys.argv[1::2], sys.argv[2::2]):
            check(*pair)
    except AssertionError as error:
        sys.exit(f"check_graphml: {error}")
