"""Writes tests/golden/viewers: graphs as other programs write them for viewers.

  python tests/golden/make_viewer_fixtures.py        from the root of the repository

circuit-tracer.json: by circuit-tracer 0.4.1 itself (`create_graph_files`), of a capped graph among our
reference cases, pruned so little that errors and features of layer 0 have ids in common. The others are small graphs in the published layouts of programs that need a GPU or a
database to run: Neuronpedia's graph server (attention features, integer layers, null features), the
first public graphs of Gemma (no schema version, layer * 100000 + index), and EleutherAI's attribute.
"""

import importlib
import json
import pathlib
import tempfile
import types

from circuit_tracer.attribution.targets import LogitTarget
from circuit_tracer.graph import Graph
from safetensors.torch import load_file
from transformers import AutoTokenizer

GOLDEN = pathlib.Path("tests/golden")
OUT = GOLDEN / "viewers"
CASE = "gemma2-plt-jumprelu"
writer = importlib.import_module("circuit_tracer.utils.create_graph_files")  # the package has a function of this name


def write(name, graph):
    (OUT / name).write_text(json.dumps(graph, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def circuit_tracer():
    case = json.loads((GOLDEN / CASE / "case.json").read_text())
    stored = load_file(GOLDEN / CASE / "graph-capped.safetensors")
    tokenizer = AutoTokenizer.from_pretrained(GOLDEN / case["model"])
    ids = stored["logit_token_ids"].tolist()
    config = types.SimpleNamespace(n_layers=3, d_vocab=320, tokenizer_name=str(GOLDEN / case["model"]))
    writer.AutoTokenizer = types.SimpleNamespace(from_pretrained=lambda name: tokenizer)
    Graph.to = lambda self, device: None
    graph = Graph.__new__(Graph)
    graph.__dict__.update(
        input_string=case["prompt"], input_tokens=stored["input_ids"].long(), cfg=config, scan="tiny-clt",
        active_features=stored["active_features"].long(), selected_features=stored["selected_features"].long(),
        activation_values=stored["activation_values"], adjacency_matrix=stored["adjacency"].float(),
        logit_targets=[LogitTarget(token_str=tokenizer.decode(i), vocab_idx=i) for i in ids],
        logit_probabilities=stored["logit_probabilities"], vocab_size=320, n_pos=len(stored["input_ids"]))
    with tempfile.TemporaryDirectory() as folder:
        writer.create_graph_files(graph, "circuit-tracer", folder, node_threshold=1, edge_threshold=0.9)
        (OUT / "circuit-tracer.json").write_bytes((pathlib.Path(folder) / "circuit-tracer.json").read_bytes())


def cantor(x, y):
    return (x + y) * (x + y + 1) // 2 + y


def link(source, target, weight):
    return {"source": source, "target": target, "weight": weight}


def neuronpedia():
    """The graph server's converter for replacement models with attention features."""
    tokens = ["<bos>", "Hello", " world"]

    def node(node_id, layer, position, feature_type, feature, clerp="", **more):
        return {"node_id": node_id, "jsNodeId": node_id, "feature": feature, "layer": layer, "ctx_idx": position,
                "feature_type": feature_type, "clerp": clerp, "token": tokens[position], **more}

    nodes = [node(f"E_{i}_{p}", "E", p, "embedding", None, influence=0.1) for p, i in enumerate([2, 17, 23])]
    nodes += [
        node("0_lor_5_1", 0, 1, "lorsa", cantor(0, 5), influence=0.2, activation=1.5,
             qk_tracing_results={"pair_wise_contributors": [], "top_q_marginal_contributors": [],
                                 "top_k_marginal_contributors": []}),
        node("0_cro_5_1", 0, 1, "cross layer transcoder", cantor(0, 5), influence=0.3, activation=2.5),
        node("1_lor_7_2", 1, 2, "lorsa", cantor(1, 7), influence=0.4, activation=0.5),
        node("1_cro_70000_2", 1, 2, "cross layer transcoder", cantor(1, 70000), influence=0.5, activation=4),
        node("1_error_attn_2", 1, 2, "lorsa error", None, influence=0.9),
        node("1_error_mlp_2", 1, 2, "mlp reconstruction error", None, influence=1.0),
        node("1_bias_tc_bD_2", 1, 2, "bias", None, influence=1.0),
        node("2_31_2", 2, 2, "logit", 31, 'Logit " !" (p=0.625)', token_prob=0.625, is_target_logit=True),
    ]
    links = [link("E_17_1", "0_lor_5_1", 1.0), link("0_lor_5_1", "0_cro_5_1", 0.75),
             link("0_cro_5_1", "1_lor_7_2", -0.5), link("1_lor_7_2", "1_cro_70000_2", 2),
             link("0_lor_5_1", "1_cro_70000_2", 0.25), link("1_cro_70000_2", "2_31_2", 3.5),
             link("1_error_mlp_2", "2_31_2", -0.125), link("1_error_attn_2", "1_cro_70000_2", 0.0625),
             link("1_bias_tc_bD_2", "2_31_2", 9)]
    write("neuronpedia.json", {
        "metadata": {"slug": "hello", "scan": "qwen3-1.7b", "prompt_tokens": tokens, "prompt": "Hello world",
                     "schema_version": 1, "node_threshold": 0.8,
                     "info": {"generator": {"name": "Neuronpedia", "version": "1"}},
                     "generation_settings": {"max_n_logits": 5, "desired_logit_prob": 0.98},
                     "feature_details": {"neuronpedia_source_set": "set-16k"}},
        "qParams": {"pinnedIds": "0_cro_5_1,2_31_2", "supernodes": '[["greeting","0_lor_5_1","0_cro_5_1"]]',
                    "clerps": '[["0_lor_5_1","says hello"]]', "linkType": "both"},
        "nodes": nodes, "links": links})


def old_gemma():
    """Features as layer * 100000 + index in `feature` and in the id; no schema version."""
    def node(node_id, layer, position, feature_type, feature, clerp="", **more):
        return {"node_id": node_id, "jsNodeId": f"{layer}_{feature}-0", "feature": feature, "layer": str(layer),
                "ctx_idx": position, "feature_type": feature_type, "clerp": clerp, "token_prob": 0, **more}

    write("old-gemma.json", {
        "metadata": {"slug": "gemma-fact", "scan": "gemma-2-2b", "prompt_tokens": ["<bos>", "Fact", ":"],
                     "prompt": "Fact:", "node_threshold": None},
        "qParams": {},
        "nodes": [
            node("E_2_0", "E", 0, "embedding", 0), node("E_9122_1", "E", 1, "embedding", 1),
            node("E_235292_2", "E", 2, "embedding", 2),
            node("0_12_1", 0, 1, "cross layer transcoder", 12, "facts", influence=0.25, activation=10.5),
            node("23_2312237_2", 23, 2, "cross layer transcoder", 2312237, "colon", influence=0.5, activation=3.25),
            node("0_23_2", 23, 2, "mlp reconstruction error", -1, influence=0.75),
            {**node("27_578_2", 27, 2, "logit", 578, 'Output " The" (p=0.250)'), "token_prob": 0.25}],
        "links": [link("E_9122_1", "0_12_1", 4.5), link("0_12_1", "23_2312237_2", 1.25),
                  link("23_2312237_2", "27_578_2", -2.0), link("0_23_2", "27_578_2", 0.5)]})


def eleuther():
    """No prompt columns in ids of logits, null features, layer "-1" of outputs, n_layers in the metadata."""
    def node(node_id, layer, position, feature_type, feature, clerp=""):
        return {"node_id": node_id, "jsNodeId": node_id + "-0", "feature": feature, "layer": str(layer),
                "ctx_idx": position, "feature_type": feature_type, "clerp": clerp, "run_idx": 0,
                "reverse_ctx_idx": 0, "influence": None, "activation": 1.25}

    write("eleuther.json", {
        "metadata": {"slug": "e", "scan": "default", "prompt_tokens": ["A", "B"], "prompt": "AB", "n_layers": 4,
                     "title_prefix": "", "transcoder_list": []},
        "qParams": {"pinnedIds": [], "supernodes": [], "linkType": "both", "clickedId": "", "sg_pos": ""},
        "nodes": [
            node("input_0", "E", 0, "embedding", None), node("input_1", "E", 1, "embedding", None),
            node("intermediate_1_2_40", 2, 1, "cross layer transcoder", cantor(2, 40)),
            node("intermediate_1_3_7", 3, 1, "cross layer transcoder", cantor(3, 7)),
            node("error_1_0", 0, 1, "mlp reconstruction error", None),
            node("output_1_0", -1, 1, "logit", None, 'output: "C" (p=0.5)')],
        "links": [link("input_1", "intermediate_1_2_40", 0.5), link("intermediate_1_2_40", "intermediate_1_3_7", 0.25),
                  link("intermediate_1_3_7", "output_1_0", 1.0), link("error_1_0", "output_1_0", -0.1)]})


if __name__ == "__main__":
    OUT.mkdir(exist_ok=True)
    circuit_tracer()
    neuronpedia()
    old_gemma()
    eleuther()
